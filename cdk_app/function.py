"""A function of ours: code, role, log group and the environment that both functions share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_app import bundling
from cdk_app.acknowledgements import acknowledge_wild_card
from cdk_app.secret_access import secret_statements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_app.deploy_server import DeployServer
    from cdk_app.function_network import FunctionNetwork

__all__ = ["METRICS_NAMESPACE", "FunctionOptions", "RuntimeFunction"]

METRICS_NAMESPACE = "DeployedAutoScalingGroup"
"""CloudWatch namespace of the functions' own metrics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionOptions:
    """What the functions of one hub have in common.

    Parameters
    ----------
    hub_id
        Id of the hub; a function's log lines and metrics appear under it and the function's name.
    deploy
        The Deploy server that they talk to.
    network
        Where they run, for a private Deploy server (- outside of any network of yours).
    tracing
        Send traces to X-Ray.
    code
        The bundle with all handlers.
    """

    hub_id: str
    deploy: DeployServer
    network: FunctionNetwork | None
    tracing: bool
    code: lambda_.Code = field(default_factory=bundling.code)


class RuntimeFunction(Construct):
    """Python function on Graviton that may write its log, read Deploy's credentials and nothing else.

    Parameters
    ----------
    options
        What it has in common with the other functions.
    name
        What it is called among them.
    handler
        Import path of the handler in the bundle.
    description
        What it does, for people.
    environment
        Variables besides the shared ones.
    timeout
        Longest run, up to 15 minutes.

    Attributes
    ----------
    service : str
        Name under which its log lines and metrics appear.
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
        options: FunctionOptions,
        name: str,
        handler: str,
        description: str,
        environment: Mapping[str, str],
        timeout: Duration,
    ) -> None:
        super().__init__(scope, construct_id)
        self.service = f"{options.hub_id}-{name}"
        deploy, network = options.deploy, options.network
        self.log_group = logs.LogGroup(self, "Log", retention=logs.RetentionDays.THREE_MONTHS)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(self.role)
        for statement in secret_statements(deploy.credentials):
            self.role.add_to_principal_policy(statement)
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
            code=options.code,
            handler=handler,
            role=self.role,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            memory_size=512,
            timeout=timeout,
            tracing=lambda_.Tracing.ACTIVE if options.tracing else lambda_.Tracing.DISABLED,
            vpc=network.vpc if network else None,
            vpc_subnets=network.subnets if network else None,
            security_groups=[network.security_group] if network else None,
            environment={
                **deploy.environment(),
                "POWERTOOLS_SERVICE_NAME": self.service,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                **environment,
            },
        )
        # A function whose permissions are gone cannot finish what the deletion of a stack still asks of it.
        self.function.node.add_dependency(self.role)
        if network is not None:
            self.function.node.add_dependency(network.connectivity)
        if network is not None or options.tracing:
            acknowledge_wild_card(
                self.role,
                "*",
                "Network interfaces and X-Ray segments have no resource to name before they exist.",
            )
