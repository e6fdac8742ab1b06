"""The function that looks at a group and makes its environment in Deploy follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_app.acknowledgements import acknowledge_wild_card
from cdk_app.function import RuntimeFunction

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_sqs as sqs

    from cdk_app.deploy_server import DeployServer
    from cdk_app.function_network import FunctionNetwork

__all__ = ["RECONCILER_TIMEOUT", "Reconciler"]

RECONCILER_TIMEOUT = Duration.minutes(5)
"""Longest run of the reconciler; a longer deployment is looked at again by a new hint."""


class Reconciler(Construct):
    """Reconciler function and its subscription to the queue.

    Parameters
    ----------
    deploy
        The Deploy server.
    queue
        Queue of hints.
    ledger
        Table of what it remembers.
    groups_prefix
        SSM path under which each group's parameter is.
    max_concurrency
        Groups reconciled at the same time, 2 to 1000. Each is a client of the Deploy server, which has
        about 24 threads for HTTP.
    service, network, tracing
        As in :class:`~cdk_app.function.RuntimeFunction`.

    Attributes
    ----------
    function : aws_cdk.aws_lambda.Function
        The function.
    role : aws_cdk.aws_iam.Role
        What it may do; each group adds its own policy.
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
        deploy: DeployServer,
        queue: sqs.Queue,
        ledger: dynamodb.Table,
        groups_prefix: str,
        max_concurrency: int,
        service: str,
        network: FunctionNetwork | None,
        tracing: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        runtime = RuntimeFunction(
            self,
            "Function",
            handler="runtime.handlers.reconcile.handler",
            description="Makes Digital.ai Deploy follow an Auto Scaling group",
            deploy=deploy,
            service=service,
            environment={
                "GROUPS_PREFIX": groups_prefix,
                "QUEUE_URL": queue.queue_url,
                "LEDGER_TABLE": ledger.table_name,
            },
            timeout=RECONCILER_TIMEOUT,
            network=network,
            tracing=tracing,
        )
        self.function = runtime.function
        self.role = runtime.role
        self.log_group = runtime.log_group
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
                    "autoscaling:DescribeWarmPool",
                    "ec2:DescribeInstances",
                ],
                resources=["*"],
            )
        )
        acknowledge_wild_card(
            self.role,
            "*",
            "Descriptions of Auto Scaling groups and instances cannot be limited to a resource.",
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
