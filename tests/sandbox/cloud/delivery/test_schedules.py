from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cdk_app.sandbox.cloud.delivery.schedules import with_context

from ..making import ROLE, bodies, make_queue, make_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.cloud import Cloud

    Until = Callable[[Callable[[], Any]], Any]


def schedule(
    cloud: Cloud, name: str, queue_arn: str, expression: str = "rate(5 minutes)", role: str = ROLE
) -> None:
    cloud.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": queue_arn,
            "RoleArn": role,
            "Input": '{"source":"schedule","id":"<aws.scheduler.execution-id>"}',
            "SqsParameters": {"MessageGroupId": "Web-1"},
        },
    )


def test_context_attributes() -> None:
    text = "<aws.scheduler.schedule-arn> <aws.scheduler.scheduled-time> <aws.scheduler.execution-id> <other>"
    moment = datetime(2026, 11, 24, 10, 15, 30, tzinfo=UTC)
    assert with_context(text, "arn", moment, "e-1") == "arn 2026-11-24T10:15:30Z e-1 <other>"


def test_a_schedule_runs_on_request_with_its_own_target(cloud: Cloud, name: str) -> None:
    url, arn = make_queue(cloud, f"{name}.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    schedule(cloud, name, arn)
    cloud.run_schedule(name)
    cloud.run_schedule(name)
    sqs = cloud.client("sqs")
    (message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "Web-1"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    (second,) = bodies(cloud, url)
    assert second["source"] == "schedule"
    assert second["id"] not in message["Body"]
    with pytest.raises(LookupError, match="no-such-schedule does not exist in group default"):
        cloud.run_schedule("no-such-schedule")


def test_a_schedule_also_runs_when_its_time_has_come(cloud: Cloud, name: str, until: Until) -> None:
    url, arn = make_queue(cloud, f"{name}.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    schedule(cloud, name, arn, f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})")
    (body,) = until(lambda: bodies(cloud, url))
    assert "<" not in body["id"]


def test_a_schedule_whose_role_may_not_send_sends_nothing(cloud: Cloud, name: str) -> None:
    url, arn = make_queue(cloud, f"{name}.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    schedule(cloud, name, arn, role=make_role(cloud, name, ["sqs:ReceiveMessage"]))
    cloud.run_schedule(name)
    assert bodies(cloud, url) == []
    assert "is not authorized to perform: sqs:SendMessage" in cloud.log_file.read_text()


def test_a_fifo_queue_without_content_based_deduplication_refuses_schedules(cloud: Cloud, name: str) -> None:
    url, arn = make_queue(cloud, f"{name}.fifo", FifoQueue="true")
    schedule(cloud, name, arn)
    cloud.run_schedule(name)
    assert bodies(cloud, url) == []
    assert f"schedule/default/{name} could not send to {arn}" in cloud.log_file.read_text()
