"""The provider behind the custom resource that seeds Deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import custom_resources as cr
from constructs import Construct

from cdk_app.acknowledgements import acknowledge_wild_card
from cdk_app.function import RuntimeFunction

if TYPE_CHECKING:
    from cdk_app.function import FunctionOptions

__all__ = ["Seeder"]


class Seeder(Construct):
    """Seeder function under CDK's provider framework.

    Parameters
    ----------
    options
        What it has in common with the other functions.
    records_prefix
        SSM path under which it keeps what it created, so that a deletion removes that and nothing else.

    Attributes
    ----------
    function : aws_cdk.aws_lambda.Function
        The function that talks to Deploy.
    role : aws_cdk.aws_iam.Role
        What it may do.
    log_group : aws_cdk.aws_logs.LogGroup
        Its log.
    service_token : str
        For custom resources.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        options: FunctionOptions,
        records_prefix: str,
    ) -> None:
        super().__init__(scope, construct_id)
        runtime = RuntimeFunction(
            self,
            "Function",
            options=options,
            name="seeder",
            handler="runtime.handlers.seed.handler",
            description="Seeds Digital.ai Deploy for an Auto Scaling group",
            environment={"RECORDS_PREFIX": records_prefix},
            timeout=Duration.minutes(5),
        )
        self.function = runtime.function
        self.role = runtime.role
        self.log_group = runtime.log_group
        records = Stack.of(self).format_arn(
            service="ssm", resource="parameter", resource_name=f"{records_prefix.removeprefix('/')}/*"
        )
        self.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter"], resources=[records]
            )
        )
        acknowledge_wild_card(
            self.role, records, "It stands for the seeds of this one hub, which come and go."
        )
        framework_log = logs.LogGroup(self, "FrameworkLog", retention=logs.RetentionDays.THREE_MONTHS)
        self._framework_role = iam.Role(
            self, "FrameworkRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        framework_log.grant_write(self._framework_role)
        self._provider = cr.Provider(
            self,
            "Provider",
            on_event_handler=self.function,
            log_group=framework_log,
            framework_on_event_role=self._framework_role,
        )
        acknowledge_wild_card(
            self._framework_role,
            f"{self.function.function_arn}:*",
            "It stands for the versions of this one function; CDK's provider framework asks for them.",
        )
        self.service_token = self._provider.service_token
