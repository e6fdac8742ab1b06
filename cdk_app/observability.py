"""Alarms on everything that needs a person, and a dashboard that shows why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_app.hub import DeployHub

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
    hub
        What is watched.
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
        If both a topic and addresses are given.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        hub: DeployHub,
        alarm_topic: sns.ITopic | None,
        alarm_emails: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        if alarm_topic is not None and alarm_emails:
            raise ValueError(
                "alarm_emails: got addresses together with alarm_topic, expected one of them; "
                "subscribe the addresses to your topic"
            )
        self.alarm_topic = alarm_topic
        if alarm_emails:
            self.alarm_topic = self._own_topic(alarm_emails)
        self.alarms = [self._alarm(watch) for watch in _watches(hub)]
        self.dashboard = self._dashboard(hub)

    def _own_topic(self, addresses: Sequence[str]) -> sns.Topic:
        topic = sns.Topic(self, "Topic", enforce_ssl=True)
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

    def _dashboard(self, hub: DeployHub) -> cloudwatch.Dashboard:
        dashboard = cloudwatch.Dashboard(self, "Dashboard", default_interval=Duration.hours(12))
        dashboard.add_widgets(
            cloudwatch.AlarmStatusWidget(alarms=self.alarms, width=24, title="Needs a person")
        )
        for row in _endpoint_graphs(hub) if hub.by_endpoint else _handler_graphs(hub):
            dashboard.add_widgets(*row)
        return dashboard


def _handler_graphs(hub: DeployHub) -> list[list[cloudwatch.IWidget]]:
    function = hub.reconciler.function
    graphs: list[cloudwatch.IWidget] = [
        cloudwatch.GraphWidget(
            title="Hints",
            width=6,
            left=[hub.queue.metric_number_of_messages_sent(statistic="Sum")],
            right=[hub.metric_oldest_hint()],
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
            left=[hub.metric("HostsRegistered"), hub.metric("HostsRemoved")],
            right=[hub.metric("DeploymentsSucceeded"), hub.metric("DeploymentsFailed")],
        ),
        cloudwatch.GraphWidget(
            title="Dead letters", width=6, left=[hub.metric_dead_hints(), hub.metric_dead_events()]
        ),
    ]
    log = cloudwatch.LogQueryWidget(
        title="Warnings and errors of the reconciler",
        width=24,
        log_group_names=[hub.reconciler.log_group.log_group_name],
        query_lines=[
            "fields @timestamp, level, message, group",
            'filter level in ["WARNING", "ERROR", "CRITICAL"]',
            "sort @timestamp desc",
            "limit 50",
        ],
    )
    return [graphs, [log]]


def _endpoint_graphs(hub: DeployHub) -> list[list[cloudwatch.IWidget]]:
    api = hub.api
    return [
        [
            cloudwatch.GraphWidget(
                title="Events",
                width=12,
                # Looks that found the work unfinished are among the server errors.
                left=[api.metric_count(), api.metric_client_error(), api.metric_server_error()],
                right=[api.metric_integration_latency(statistic="p99")],
            ),
            cloudwatch.GraphWidget(title="Dead letters", width=12, left=[hub.metric_dead_events()]),
        ]
    ]


def _watches(hub: DeployHub) -> list[_Watch]:
    if hub.by_endpoint:
        return [
            _Watch(
                "DeadEvents",
                hub.metric_dead_events(),
                1,
                "Deploy refused an event, or could not finish it for a day: look at the message's attributes "
                "and send its body to the endpoint again. Nothing else makes up for it.",
            )
        ]
    function = hub.reconciler.function
    return [
        _Watch(
            "DeadHints",
            hub.metric_dead_hints(),
            1,
            "A group could not be reconciled. The reconciler's log says why; the schedule tries again.",
        ),
        _Watch(
            "DeadEvents",
            hub.metric_dead_events(),
            1,
            "The API did not take an event. The schedule makes up for it; look at the message's attributes.",
        ),
        _Watch(
            "OldHint",
            hub.metric_oldest_hint(),
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
        *(_Watch(name, hub.metric(name), 1, meaning) for name, meaning in _REPORTED.items()),
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
