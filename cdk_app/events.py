"""The rules that turn what AWS tells into hints: Auto Scaling about one group, EC2 about Spot Instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DETAIL_TYPES", "GroupEvents", "InterruptionEvents"]

DETAIL_TYPES = (
    "EC2 Instance Launch Successful",
    "EC2 Instance Launch Unsuccessful",
    "EC2 Instance Terminate Successful",
    "EC2 Instance Terminate Unsuccessful",
    "EC2 Instance-launch Lifecycle Action",
    "EC2 Instance-terminate Lifecycle Action",
)
"""Events after which a group and its environment may differ (Amazon EC2 Auto Scaling event reference)."""


SUCCESSFUL = tuple(name for name in DETAIL_TYPES if name.endswith(" Successful"))
"""Those that Deploy's endpoint is told about; lifecycle hooks of somebody else's are not its business."""

INTERRUPTION_TYPES = (
    "EC2 Instance Rebalance Recommendation",
    "EC2 Spot Instance Interruption Warning",
)
"""EC2's events about Spot Instances (EC2 user guide); they name an instance, and no Auto Scaling group."""

MESSAGE_GROUP = "aws.ec2"
"""Message group of these events. No group's key is like it: those have letters, digits and hyphens only."""


class GroupEvents(Construct):
    """Rule for the events of one Auto Scaling group, with the API as target.

    Parameters
    ----------
    api
        The API that is called.
    path
        The path that is called there, as the API spells it.
    detail_types
        Events to match.
    dead_letter_queue
        Where events go that the API refused, or could not take for a day.
    auto_scaling_group_name
        Name of the group whose events match.
    group_key
        The group's key, for people.

    Attributes
    ----------
    rule : aws_cdk.aws_events.Rule
        The rule.
    role : aws_cdk.aws_iam.Role
        What it may do: that one call.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: apigateway.RestApi,
        path: str,
        detail_types: Sequence[str],
        dead_letter_queue: sqs.IQueue,
        auto_scaling_group_name: str,
        group_key: str,
    ) -> None:
        super().__init__(scope, construct_id)
        stage = api.deployment_stage.stage_name
        # The group's own: a role of the hub's would lose its permission before the group's last events.
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("events.amazonaws.com"))
        self.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["execute-api:Invoke"], resources=[api.arn_for_execute_api("POST", path, stage)]
            )
        )
        self.rule = events.Rule(
            self,
            "Resource",
            description=f"Scaling events of {group_key}",
            event_pattern=events.EventPattern(
                source=["aws.autoscaling"],
                detail_type=list(detail_types),
                detail={"AutoScalingGroupName": [auto_scaling_group_name]},
            ),
            targets=[
                targets.ApiGateway(
                    api,
                    path=path,
                    method="POST",
                    stage=stage,
                    # CDK would add the management of connections, of which a REST API has none.
                    event_role=self.role.without_policy_updates(),
                    # Imported, because the queue's own policy (of the hub) already admits the rules.
                    dead_letter_queue=sqs.Queue.from_queue_arn(
                        self, "DeadLetters", dead_letter_queue.queue_arn
                    ),
                    retry_attempts=185,
                    max_event_age=Duration.hours(24),
                )
            ],
        )


class InterruptionEvents(Construct):
    """Rule for the Spot Instances of the whole account and region, with the queue of hints as target.

    One for all groups, as its events cannot be told apart by group; the reconciler finds out whose they are.
    Straight into the queue: the message group is the same for all of them, which is what the API is not
    needed for, and two minutes leave no time for detours.

    Parameters
    ----------
    queue
        Queue of hints.
    dead_letter_queue
        Where events go that the queue did not take while they were worth anything.

    Attributes
    ----------
    rule : aws_cdk.aws_events.Rule
        The rule.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, queue: sqs.Queue, dead_letter_queue: sqs.IQueue
    ) -> None:
        super().__init__(scope, construct_id)
        self.rule = events.Rule(
            self,
            "Resource",
            description="Spot Instances that EC2 takes back",
            event_pattern=events.EventPattern(source=["aws.ec2"], detail_type=list(INTERRUPTION_TYPES)),
            targets=[
                targets.SqsQueue(
                    queue,
                    message_group_id=MESSAGE_GROUP,
                    # Imported, because the queue's own policy (of the hub) already admits the rules.
                    dead_letter_queue=sqs.Queue.from_queue_arn(
                        self, "DeadLetters", dead_letter_queue.queue_arn
                    ),
                    max_event_age=Duration.minutes(2),
                )
            ],
        )
