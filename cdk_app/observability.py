"""Alarms on everything that needs a person, and a dashboard that shows why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from cdk_app.options import check_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_apigateway as apigateway

    from cdk_app.handling import Handling
    from cdk_app.queue import EventsDeadLetterQueue

__all__ = ["Observability"]


@dataclass(frozen=True, slots=True)
class _Watch:
    """One alarm: `name` when `metric` is at least `threshold`; `meaning` tells a person what to do."""

    name: str
    metric: cloudwatch.IMetric
    threshold: float
    meaning: str
    periods: int = 1


class Observability(Construct):
    """Alarms and dashboard of a hub.

    Parameters
    ----------
    api
        The API that the events come to.
    dead_events
        The events that it did not take.
    handling
        The handler delivery (- events go straight into Deploy).
    alarm_topic
        Where alarms are sent (- nowhere, unless `alarm_emails` are given).
    alarm_emails
        Addresses that alarms are mailed to, by a topic made here.

    Attributes
    ----------
    alarms : list of aws_cdk.aws_cloudwatch.Alarm
        The alarms.
    dashboard : aws_cdk.aws_cloudwatch.Dashboard
        The dashboard.
    alarm_topic : aws_cdk.aws_sns.ITopic or None
        Where alarms are sent.

    Raises
    ------
    ValueError
        If both a topic and addresses are given, or an address is empty or there twice.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: apigateway.RestApi,
        dead_events: EventsDeadLetterQueue,
        handling: Handling | None,
        alarm_topic: sns.ITopic | None,
        alarm_emails: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        if alarm_topic is not None and alarm_emails:
            raise ValueError(
                "alarm_emails: got addresses together with alarm_topic, expected one of them; "
                "subscribe the addresses to your topic"
            )
        check_texts("alarm_emails", alarm_emails, "addresses such as ['operators@example.com']")
        self.alarm_topic = alarm_topic
        if alarm_emails:
            self.alarm_topic = self._own_topic(alarm_emails)
        self.alarms = [self._alarm(watch) for watch in _watches(dead_events, handling)]
        graphs = _handler_graphs(dead_events, handling) if handling else _endpoint_graphs(dead_events, api)
        self.dashboard = self._dashboard(graphs)

    def _own_topic(self, addresses: Sequence[str]) -> sns.Topic:
        topic = sns.Topic(self, "Topic", enforce_ssl=True)
        # Its policy replaces the one of SNS, which lets the alarms of the account in.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        for address in addresses:
            topic.add_subscription(subscriptions.EmailSubscription(address))
        return topic

    def _alarm(self, watch: _Watch) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            watch.name,
            metric=watch.metric,
            threshold=watch.threshold,
            evaluation_periods=watch.periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            # Queues and functions at rest report nothing.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=watch.meaning,
        )
        if self.alarm_topic is not None:
            alarm.add_alarm_action(actions.SnsAction(self.alarm_topic))
        return alarm

    def _dashboard(self, graphs: Sequence[Sequence[cloudwatch.IWidget]]) -> cloudwatch.Dashboard:
        dashboard = cloudwatch.Dashboard(self, "Dashboard", default_interval=Duration.hours(12))
        dashboard.add_widgets(
            cloudwatch.AlarmStatusWidget(alarms=self.alarms, width=24, title="Needs a person")
        )
        for row in graphs:
            dashboard.add_widgets(*row)
        return dashboard


def _handler_graphs(dead_events: EventsDeadLetterQueue, handling: Handling) -> list[list[cloudwatch.IWidget]]:
    hints, reconciler = handling.hints, handling.reconciler
    function = reconciler.function
    graphs: list[cloudwatch.IWidget] = [
        cloudwatch.GraphWidget(
            title="Hints",
            width=6,
            left=[hints.queue.metric_number_of_messages_sent(statistic="Sum")],
            right=[hints.metric_oldest()],
        ),
        cloudwatch.GraphWidget(
            title="Reconciler",
            width=6,
            left=[function.metric_invocations(), function.metric_errors(), function.metric_throttles()],
            right=[function.metric_duration(statistic="p99")],
        ),
        cloudwatch.GraphWidget(
            title="Hosts",
            width=6,
            left=[reconciler.metric("HostsRegistered"), reconciler.metric("HostsRemoved")],
            right=[reconciler.metric("DeploymentsSucceeded"), reconciler.metric("DeploymentsFailed")],
        ),
        cloudwatch.GraphWidget(
            title="Dead letters",
            width=6,
            left=[hints.metric_dead_letters(), dead_events.metric_dead_letters()],
        ),
    ]
    log = cloudwatch.LogQueryWidget(
        title="Warnings and errors of the reconciler",
        width=24,
        log_group_names=[reconciler.log_group.log_group_name],
        query_lines=[
            "fields @timestamp, level, message, group",
            'filter level in ["WARNING", "ERROR", "CRITICAL"]',
            "sort @timestamp desc",
            "limit 50",
        ],
    )
    return [graphs, [log]]


def _endpoint_graphs(
    dead_events: EventsDeadLetterQueue, api: apigateway.RestApi
) -> list[list[cloudwatch.IWidget]]:
    return [
        [
            cloudwatch.GraphWidget(
                title="Events",
                width=12,
                # Looks that found the work unfinished are among the server errors.
                left=[api.metric_count(), api.metric_client_error(), api.metric_server_error()],
                right=[api.metric_integration_latency(statistic="p99")],
            ),
            cloudwatch.GraphWidget(title="Dead letters", width=12, left=[dead_events.metric_dead_letters()]),
        ]
    ]


def _watches(dead_events: EventsDeadLetterQueue, handling: Handling | None) -> list[_Watch]:
    if handling is None:
        return [
            _Watch(
                "DeadEvents",
                dead_events.metric_dead_letters(),
                1,
                "Deploy refused an event, or could not finish it for a day: look at the message's attributes "
                "and send its body to the endpoint again. Nothing else makes up for it.",
            )
        ]
    hints, reconciler = handling.hints, handling.reconciler
    function = reconciler.function
    return [
        _Watch(
            "DeadHints",
            hints.metric_dead_letters(),
            1,
            "A group could not be reconciled. The reconciler's log says why; the schedule tries again.",
        ),
        _Watch(
            "DeadEvents",
            dead_events.metric_dead_letters(),
            1,
            "An event was not taken. The schedule makes up for it; look at the message's attributes.",
        ),
        _Watch(
            "OldHint",
            hints.metric_oldest(),
            1800,
            "A hint has waited for half an hour: Deploy is slow or away, or max_concurrency is too low.",
        ),
        _Watch(
            "Errors",
            function.metric_errors(),
            1,
            "The reconciler keeps failing. Its log says why.",
            periods=3,
        ),
        _Watch(
            "Throttles",
            function.metric_throttles(),
            1,
            "The account has no concurrency left for the reconciler.",
            periods=3,
        ),
        *(_Watch(name, reconciler.metric(name), 1, meaning) for name, meaning in _REPORTED.items()),
    ]


_REPORTED = {
    "BreakersOpen": "One version keeps failing, so instances are kept for a look. Release another version.",
    "EnvironmentsMissing": "A group's environment is not in Deploy. Create it again; its hosts join it.",
    "FatalErrors": "Deploy refuses us: credentials, licence or a type. The reconciler's log says what to do.",
    "GroupsMissing": "AWS does not know a group that a stack describes. Nothing was removed from Deploy.",
    "HooksExpired": "An instance waited longer than its lifecycle hook allows.",
    "RemovalsHeld": "More hosts should go at once than the group's size explains. Nothing was removed.",
    "ScheduleRepairs": "The schedule found work that no event had told: events get lost.",
}
"""Metrics of the reconciler that are above zero only when a person is needed."""
