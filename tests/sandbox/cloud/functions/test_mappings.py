from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ..making import bodies, make_function, make_queue, make_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.cloud import Cloud

    Until = Callable[[Callable[[], Any]], Any]

# Tells what it got, sleeps and fails as the bodies say.
RECORDER = """
import boto3, json, os, time
sqs = boto3.client("sqs")
def handler(event, context):
    records = event["Records"]
    work = [json.loads(record["body"]) for record in records]
    started = time.time()
    time.sleep(max(item.get("seconds", 0) for item in work))
    told = {"started": started, "ended": time.time(), "work": work}
    told["attributes"] = [record["attributes"] for record in records]
    sqs.send_message(QueueUrl=os.environ["TOLD"], MessageBody=json.dumps(told))
    print("handled", len(records), context.function_name, context.get_remaining_time_in_millis() > 0)
    failed = [record["messageId"] for record, item in zip(records, work) if item.get("fail")]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
"""


class Mapped:
    """A FIFO queue whose messages a function handles and tells about."""

    def __init__(self, cloud: Cloud, name: str, timeout: int = 20, **attributes: str) -> None:
        self.cloud = cloud
        self.told, _ = make_queue(cloud, f"{name}-told")
        self.url, arn = make_queue(cloud, f"{name}.fifo", FifoQueue="true", **attributes)
        self.function = make_function(
            cloud,
            name,
            RECORDER,
            module="package.handlers.work",
            variables={"TOLD": self.told},
            timeout=timeout,
        )
        self.mapping = cloud.client("lambda").create_event_source_mapping(
            EventSourceArn=arn,
            FunctionName=name,
            BatchSize=10,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            ScalingConfig={"MaximumConcurrency": 2},
        )["UUID"]

    def send(self, group: str, number: int, **work: object) -> float:
        self.cloud.client("sqs").send_message(
            QueueUrl=self.url,
            MessageBody=json.dumps({"number": number, **work}),
            MessageGroupId=group,
            MessageDeduplicationId=f"{group}-{number}",
        )
        return time.time()

    def in_flight(self) -> bool:
        answer = self.cloud.client("sqs").get_queue_attributes(
            QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )
        return answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"] != "0"

    def calls(self, count: int, until: Until) -> list[Any]:
        told: list[Any] = []

        def all_told() -> bool:
            told.extend(bodies(self.cloud, self.told))
            return len(told) >= count

        until(all_told)
        return sorted(told, key=lambda call: call["started"])


def test_records_carry_what_fifo_consumers_need_and_logs_are_kept(
    cloud: Cloud, name: str, until: Until
) -> None:
    mapped = Mapped(cloud, name)
    sent = mapped.send("a", 1)
    (call,) = mapped.calls(1, until)
    (attributes,) = call["attributes"]
    assert attributes["MessageGroupId"] == "a"
    assert attributes["ApproximateReceiveCount"] == "1"
    assert abs(int(attributes["SentTimestamp"]) / 1000 - sent) < 5
    group = f"/aws/lambda/{name}"
    logs = cloud.client("logs")
    until(lambda: any(g["logGroupName"] == group for g in logs.describe_log_groups()["logGroups"]))
    lines = until(lambda: logs.filter_log_events(logGroupName=group, filterPattern="handled")["events"])
    assert lines[0]["message"].strip() == f"handled 1 {name} True"


def test_groups_run_at_the_same_time_and_a_group_never_beside_itself(
    cloud: Cloud, name: str, until: Until
) -> None:
    mapped = Mapped(cloud, name)
    mapped.send("warm", 0)
    mapped.calls(1, until)
    until(lambda: not mapped.in_flight())
    mapped.send("slow", 1, seconds=1.5)
    until(mapped.in_flight)
    mapped.send("slow", 2)
    mapped.send("quick", 3)
    spans = {item["number"]: call for call in mapped.calls(3, until) for item in call["work"]}
    assert spans[1]["started"] < spans[3]["ended"] < spans[1]["ended"]
    assert spans[2]["started"] >= spans[1]["ended"]


def test_a_burst_during_the_queues_delay_is_one_batch_soon_after_it(
    cloud: Cloud, name: str, until: Until
) -> None:
    mapped = Mapped(cloud, name, DelaySeconds="1")
    for number in range(5):
        mapped.send("a", number)
    sent = time.time()
    (call,) = mapped.calls(1, until)
    assert [item["number"] for item in call["work"]] == [0, 1, 2, 3, 4]
    assert 0.9 < call["started"] - sent < 4


def test_failed_items_come_back_after_their_visibility_and_then_as_dead_letters(
    cloud: Cloud, name: str, until: Until
) -> None:
    dead, dead_arn = make_queue(cloud, f"{name}-dead.fifo", FifoQueue="true")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    mapped = Mapped(cloud, name, VisibilityTimeout="1", RedrivePolicy=redrive, timeout=1)
    mapped.send("a", 1, fail=True)
    calls = mapped.calls(2, until)
    assert [call["attributes"][0]["ApproximateReceiveCount"] for call in calls] == ["1", "2"]
    assert until(lambda: bodies(cloud, dead)) == [{"number": 1, "fail": True}]


def test_a_mapping_that_could_not_work_is_refused(cloud: Cloud, name: str) -> None:
    api = cloud.client("lambda")
    _, short = make_queue(cloud, f"{name}-short", VisibilityTimeout="10")
    make_function(cloud, name, RECORDER)
    with pytest.raises(ClientError, match="visibility timeout: 10 seconds is less than Function timeout: 20"):
        api.create_event_source_mapping(EventSourceArn=short, FunctionName=name)
    _, arn = make_queue(cloud, name)
    role = make_role(cloud, name, ["sqs:ReceiveMessage"])
    make_function(cloud, f"{name}-limited", RECORDER, role=role)
    with pytest.raises(ClientError, match="does not have permissions to call DeleteMessage on SQS"):
        api.create_event_source_mapping(EventSourceArn=arn, FunctionName=f"{name}-limited")
    assert api.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"] == []


def test_a_message_can_be_hidden_and_shown_again(cloud: Cloud, name: str) -> None:
    url, _ = make_queue(cloud, f"{name}.fifo", FifoQueue="true")
    sqs = cloud.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="1", MessageGroupId="a", MessageDeduplicationId="1")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=600)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "1"
