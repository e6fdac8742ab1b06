"""The queue of hints ("look at group X"): one in flight per group, dead letters kept."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_app.acknowledgements import acknowledge

__all__ = ["EventsDeadLetterQueue", "HintQueue"]


class HintQueue(Construct):
    """FIFO queue whose message group is a group's key, with its dead-letter queue.

    Parameters
    ----------
    delay
        How long each hint rests first, 0 to 15 minutes: a burst of events becomes one look.
    visibility_timeout
        How long a hint stays hidden once received; longer than the reconciler may run.
    max_receive_count
        How often a hint is tried before it is a dead letter.

    Attributes
    ----------
    queue : aws_cdk.aws_sqs.Queue
        Carries the hints.
    dead_letter_queue : aws_cdk.aws_sqs.Queue
        Keeps for 14 days what could not be done.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        delay: Duration,
        visibility_timeout: Duration,
        max_receive_count: int = 5,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letter_queue = sqs.Queue(
            self,
            "DeadLetters",
            fifo=True,
            content_based_deduplication=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        self.queue = sqs.Queue(
            self,
            "Resource",
            fifo=True,
            # Scheduler cannot give a deduplication id; the API gives its own.
            content_based_deduplication=True,
            deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP,
            fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
            delivery_delay=delay,
            visibility_timeout=visibility_timeout,
            # An AWS-managed KMS key would silently break the delivery by EventBridge and Scheduler.
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letter_queue, max_receive_count=max_receive_count
            ),
        )

    def metric_dead_letters(self) -> cloudwatch.Metric:
        """Return the number of hints that could not be done."""
        return _waiting(self.dead_letter_queue)

    def metric_oldest(self) -> cloudwatch.Metric:
        """Return the age in seconds of the hint that waits longest."""
        return self.queue.metric_approximate_age_of_oldest_message(statistic="Maximum")


class EventsDeadLetterQueue(Construct):
    """Queue for the events that the API refused, or could not take for a day.

    Attributes
    ----------
    queue : aws_cdk.aws_sqs.Queue
        The queue; keeps events for 14 days.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Resource",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        acknowledge(self.queue, "AwsSolutions-SQS3", "It is a dead-letter queue: of the groups' rules.")
        rules = Stack.of(self).format_arn(service="events", resource="rule", resource_name="*")
        # All rules of the account, not one statement a rule: the groups may be in other stacks.
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue.queue_arn],
                conditions={"ArnLike": {"aws:SourceArn": rules}},
            )
        )

    def metric_dead_letters(self) -> cloudwatch.Metric:
        """Return the number of events that were not taken."""
        return _waiting(self.queue)


def _waiting(queue: sqs.Queue) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(statistic="Maximum")
