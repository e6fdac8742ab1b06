"""Alarm states: per dimension, over several periods, with the treatment of missing data.

MiniStack mixes the data of every resource with a metric of the alarm's name, and looks at one period only.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

cloudwatch = names(
    "services.cloudwatch",
    functions=(
        "_calc_stats",
        "_dims_from_list",
        "_dims_key",
        "_dispatch_alarm_actions",
        "_evaluate_alarm",
        "_evaluate_parent_alarms",
        "_record_history",
        "_stat_value",
    ),
    stores=("_metrics",),
)

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


def judge(alarm: Mapping[str, Any], values: Sequence[float | None]) -> str | None:
    """Return an alarm's state, ``None`` when it keeps the one it has.

    Parameters
    ----------
    alarm
        Its configuration, as ``PutMetricAlarm`` takes it.
    values
        The statistic of each evaluation period, ``None`` for one without data.
    """
    treatment = alarm.get("TreatMissingData") or "missing"
    needed = int(alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods") or 1)
    compare = COMPARE[alarm["ComparisonOperator"]]
    present = [value for value in values if value is not None]
    if not present and treatment in ("missing", "ignore"):
        return "INSUFFICIENT_DATA" if treatment == "missing" else None
    breaching = sum(compare(value, float(alarm["Threshold"])) for value in present)
    if treatment == "breaching":
        breaching += len(values) - len(present)
    return "ALARM" if breaching >= needed else "OK"


def _values(alarm: Mapping[str, Any], now: float) -> list[float | None]:
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
    points = cloudwatch._metrics.get((alarm["Namespace"], alarm["MetricName"], dimensions)) or []
    period = float(alarm.get("Period") or 60)
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
    values: list[float | None] = []
    for number in range(int(alarm.get("EvaluationPeriods") or 1)):
        end = now - number * period
        window = [point for point in points if end - period < point["Timestamp"] <= end]
        statistics = cloudwatch._calc_stats(window)
        values.append(cloudwatch._stat_value(statistics, statistic, window) if window else None)
    return values


def _evaluate(alarm: dict[str, Any]) -> None:
    if not alarm.get("MetricName") or alarm.get("ComparisonOperator") not in COMPARE:
        return  # metric math and anomaly bands are not emulated
    values = _values(alarm, time.time())
    before, after = alarm["StateValue"], judge(alarm, values)
    if after is None or after == before:
        return
    reason = f"Threshold {alarm['ComparisonOperator']} {alarm['Threshold']}, newest value first: {values}"
    alarm.update(StateValue=after, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], before, after, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, after, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def install() -> None:
    """Replace MiniStack's evaluation."""
    cloudwatch._evaluate_alarm = _evaluate
