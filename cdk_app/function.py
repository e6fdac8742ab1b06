"""A function of ours: code, role, log group and the environment that both functions share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_app import bundling

if TYPE_CHECKING:
    from cdk_app.options import DeployServer

__all__ = ["RuntimeFunction"]


class RuntimeFunction(Construct):
    """Python function on Graviton that may write its log, read Deploy's credentials and nothing else.

    Parameters
    ----------
    handler
        Import path of the handler in the bundle.
    deploy
        The Deploy server it talks to.
    service
        Name under which its log lines and metrics appear.
    environment
        Variables besides the shared ones.
    timeout
        Longest run, up to 15 minutes.

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
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(self, "Log", retention=logs.RetentionDays.THREE_MONTHS)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(self.role)
        deploy.credentials.grant_read(self.role)
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
            environment={
                "DEPLOY_URL": deploy.url,
                "DEPLOY_CREDENTIALS": deploy.credentials.secret_name,
                "POWERTOOLS_SERVICE_NAME": service,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "POWERTOOLS_METRICS_NAMESPACE": "DeployedAutoScalingGroup",
                **environment,
            },
        )
        # A function whose permissions are gone cannot finish what the deletion of a stack still asks of it.
        self.function.node.add_dependency(self.role)
