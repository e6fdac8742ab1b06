"""A function of ours: code, role, log group and the environment that both functions share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_app import bundling
from cdk_app.acknowledgements import acknowledge_wild_card

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_app.deploy_server import DeployServer
    from cdk_app.function_network import FunctionNetwork

__all__ = ["METRICS_NAMESPACE", "RuntimeFunction"]

METRICS_NAMESPACE = "DeployedAutoScalingGroup"
"""CloudWatch namespace of the functions' own metrics."""


class RuntimeFunction(Construct):
    """Python function on Graviton that may write its log, read Deploy's credentials and nothing else.

    Parameters
    ----------
    handler
        Import path of the handler in the bundle.
    description
        What it does, for people.
    deploy
        The Deploy server it talks to.
    service
        Name under which its log lines and metrics appear.
    environment
        Variables besides the shared ones.
    timeout
        Longest run, up to 15 minutes.
    network
        Where it runs, for a private Deploy server (- outside of any network of yours).
    tracing
        Send traces to X-Ray.

    Attributes
    ----------
    function : aws_cdk.aws_lambda.Function
        The function.
    role : aws_cdk.aws_iam.Role
        What it may do.
    log_group : aws_cdk.aws_logs.LogGroup
        Its log, kept for three months.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        description: str,
        deploy: DeployServer,
        service: str,
        environment: Mapping[str, str],
        timeout: Duration,
        network: FunctionNetwork | None,
        tracing: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(self, "Log", retention=logs.RetentionDays.THREE_MONTHS)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(self.role)
        deploy.credentials.grant_read(self.role)
        if deploy.ca_bundle is not None:
            self.role.add_to_principal_policy(
                iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[deploy.ca_bundle.parameter_arn])
            )
        if network is not None:
            network.grant(self.role)
        self.function = lambda_.Function(
            self,
            "Resource",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            code=bundling.code(),
            handler=handler,
            role=self.role,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            memory_size=512,
            timeout=timeout,
            tracing=lambda_.Tracing.ACTIVE if tracing else lambda_.Tracing.DISABLED,
            vpc=network.vpc if network else None,
            vpc_subnets=network.subnets if network else None,
            security_groups=[network.security_group] if network else None,
            environment={
                **deploy.environment(),
                "POWERTOOLS_SERVICE_NAME": service,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                **environment,
            },
        )
        # A function whose permissions are gone cannot finish what the deletion of a stack still asks of it.
        self.function.node.add_dependency(self.role)
        if network is not None:
            self.function.node.add_dependency(network.connectivity)
        if network is not None or tracing:
            acknowledge_wild_card(
                self.role,
                "*",
                "Network interfaces and X-Ray segments have no resource to name before they exist.",
            )
