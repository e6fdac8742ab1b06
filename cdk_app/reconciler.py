"""The function that looks at a group and makes its environment in Deploy follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_app.acknowledgements import acknowledge_wild_card
from cdk_app.function import METRICS_NAMESPACE, RuntimeFunction
from cdk_app.policy_size import PolicySize

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_sqs as sqs

    from cdk_app.function import FunctionOptions

__all__ = ["RECONCILER_TIMEOUT", "Reconciler"]

RECONCILER_TIMEOUT = Duration.minutes(5)
"""Longest run of the reconciler; a longer deployment is looked at again by a new hint."""


class Reconciler(Construct):
    """Reconciler function and its subscription to the queue.

    Parameters
    ----------
    options
        What it has in common with the other functions.
    queue
        Queue of hints.
    ledger
        Table of what it remembers.
    groups_prefix
        SSM path under which each group's parameter is.
    max_concurrency
        Groups reconciled at the same time, 2 to 1000. Each is a client of the Deploy server, which has
        about 24 threads for HTTP.

    Attributes
    ----------
    function : aws_cdk.aws_lambda.Function
        The function.
    role : aws_cdk.aws_iam.Role
        What it may do; each group adds its own policy.
    policy_size : cdk_app.policy_size.PolicySize
        What these policies come to.
    log_group : aws_cdk.aws_logs.LogGroup
        Its log.
    mapping : aws_cdk.aws_lambda.EventSourceMapping
        Its subscription.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        options: FunctionOptions,
        queue: sqs.Queue,
        ledger: dynamodb.Table,
        groups_prefix: str,
        max_concurrency: int,
    ) -> None:
        super().__init__(scope, construct_id)
        runtime = RuntimeFunction(
            self,
            "Function",
            options=options,
            name="reconciler",
            handler="runtime.handlers.reconcile.handler",
            description="Makes Digital.ai Deploy follow an Auto Scaling group",
            environment={
                "GROUPS_PREFIX": groups_prefix,
                "QUEUE_URL": queue.queue_url,
                "LEDGER_TABLE": ledger.table_name,
            },
            timeout=RECONCILER_TIMEOUT,
        )
        self.function = runtime.function
        self.role = runtime.role
        self.log_group = runtime.log_group
        self.policy_size = PolicySize(self.role)
        self._service = runtime.service
        queue.grant_consume_messages(self.role)
        queue.grant_send_messages(self.role)
        self.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["dynamodb:BatchWriteItem", "dynamodb:Query"], resources=[ledger.table_arn]
            )
        )
        self.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[
                    "autoscaling:DescribeAutoScalingGroups",
                    "autoscaling:DescribeAutoScalingInstances",
                    "autoscaling:DescribeWarmPool",
                    "ec2:DescribeInstances",
                    "ec2:DescribeSpotInstanceRequests",
                ],
                resources=["*"],
            )
        )
        acknowledge_wild_card(
            self.role,
            "*",
            "Descriptions of groups, instances and Spot requests cannot be limited to a resource.",
        )
        path = Stack.of(self).format_arn(
            service="ssm", resource="parameter", resource_name=groups_prefix.removeprefix("/")
        )
        groups = f"{path}/*"
        self.role.add_to_principal_policy(
            iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[groups])
        )
        self.role.add_to_principal_policy(
            iam.PolicyStatement(actions=["ssm:GetParametersByPath"], resources=[path])
        )
        acknowledge_wild_card(
            self.role, groups, "It stands for the groups of this one hub, which come and go."
        )
        self.mapping = lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=self.function,
            event_source_arn=queue.queue_arn,
            batch_size=10,
            max_concurrency=max_concurrency,
            report_batch_item_failures=True,
        )
        self.mapping.node.add_dependency(self.role)

    def metric(self, name: str, **options: str | Duration) -> cloudwatch.Metric:
        """Return a metric of its own.

        Parameters
        ----------
        name
            Name of the metric, such as ``HostsRegistered``.
        **options
            As `aws_cdk.aws_cloudwatch.Metric` takes them (- the sum over five minutes).
        """
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self._service},
            **{"statistic": "Sum", "period": Duration.minutes(5), **options},  # type: ignore[arg-type] # passed on
        )
