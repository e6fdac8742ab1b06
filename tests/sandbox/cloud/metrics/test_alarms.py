from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_app.sandbox.cloud.metrics.alarms import judge

from ..making import bodies, make_function, make_queue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cdk_app.sandbox.cloud import Cloud

    Until = Callable[[Callable[[], Any]], Any]


@pytest.mark.parametrize(
    ("values", "treatment", "expected"),
    [
        ([1, 1, 1], "missing", "ALARM"),
        ([1, 0, 1], "missing", "ALARM"),
        ([0, 0, 1], "missing", "OK"),
        ([1, None, None], "missing", "OK"),
        ([None, None, None], "missing", "INSUFFICIENT_DATA"),
        ([None, None, None], "ignore", None),
        ([None, None, None], "notBreaching", "OK"),
        ([1, None, None], "breaching", "ALARM"),
        ([None, None, None], "breaching", "ALARM"),
    ],
)
def test_two_of_three_periods(values: Sequence[float | None], treatment: str, expected: str | None) -> None:
    alarm = {
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 1,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "TreatMissingData": treatment,
    }
    assert judge(alarm, values) == expected


def alarm(cloud: Cloud, name: str, namespace: str, metric: str, dimension: tuple[str, str]) -> None:
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": dimension[0], "Value": dimension[1]}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )


def state(cloud: Cloud, name: str) -> str:
    (found,) = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found["StateValue"]


def test_a_dead_letter_sets_off_the_alarm_of_its_queue_only(cloud: Cloud, name: str, until: Until) -> None:
    for part in ("one", "two"):
        queue = f"{name}-{part}"
        make_queue(cloud, queue)
        alarm(cloud, queue, "AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName", queue))
    url, _ = make_queue(cloud, f"{name}-one")
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="1")
    until(lambda: state(cloud, f"{name}-one") == "ALARM")
    assert state(cloud, f"{name}-two") == "OK"
    assert bodies(cloud, url) == [1]


def test_a_metric_in_a_functions_log_sets_off_its_alarm(cloud: Cloud, name: str, until: Until) -> None:
    directive = {
        "Namespace": name,
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "Open", "Unit": "Count"}],
    }
    text = json.dumps({"_aws": {"CloudWatchMetrics": [directive]}, "service": "reconciler", "Open": [1.0]})
    make_function(cloud, name, f"def handler(event, context):\n    print({text!r})\n")
    for service in ("reconciler", "other"):
        alarm(cloud, f"{name}-{service}", name, "Open", ("service", service))
    cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    until(lambda: state(cloud, f"{name}-reconciler") == "ALARM")
    assert state(cloud, f"{name}-other") == "OK"


def test_errors_of_a_function_are_counted(cloud: Cloud, name: str, until: Until) -> None:
    make_function(cloud, name, "def handler(event, context):\n    raise ValueError('as told')\n")
    alarm(cloud, name, "AWS/Lambda", "Errors", ("FunctionName", name))
    cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    until(lambda: state(cloud, name) == "ALARM")
