"""A hint every few minutes, for what no event told."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

__all__ = ["ReconcileSchedule"]


class ReconcileSchedule(Construct):
    """Schedule that puts a hint for one group into the queue.

    Parameters
    ----------
    queue
        Queue of hints.
    group_key
        The group's key: message group of the hint.
    interval
        Time between two hints, at least a minute: how long a lost event can go unnoticed.

    Attributes
    ----------
    schedule : aws_cdk.aws_scheduler.Schedule
        The schedule.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, queue: sqs.IQueue, group_key: str, interval: Duration
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        self.schedule = scheduler.Schedule(
            self,
            "Resource",
            description=f"Reconciles {group_key} in case that an event was lost",
            schedule=scheduler.ScheduleExpression.rate(interval),
            target=targets.SqsSendMessage(
                queue,
                role=role,
                message_group_id=group_key,
                input=scheduler.ScheduleTargetInput.from_object(
                    {"source": "schedule", "id": scheduler.ContextAttribute.execution_id}
                ),
                # The next one comes soon enough.
                retry_attempts=2,
                max_event_age=Duration.minutes(5),
            ),
        )
