from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ..making import ADMITS_RULES, bodies, make_queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.cloud import Cloud

    Until = Callable[[Callable[[], Any]], Any]

GROUP = {"MessageGroupId": "g"}
FIFO = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}


def of_another_rule() -> str:
    policy = json.loads(ADMITS_RULES)
    another = "arn:aws:events:us-east-1:123456789012:rule/another"
    policy["Statement"][0]["Condition"] = {"ArnEquals": {"aws:SourceArn": another}}
    return json.dumps(policy)


def sent(
    cloud: Cloud, name: str, until: Until, attributes: dict[str, str], parameters: dict[str, str] | None
) -> tuple[list[Any], dict[str, str]]:
    """Send one event; return what the queue got and the attributes of the dead letter, one of them empty."""
    suffix = ".fifo" if "FifoQueue" in attributes else ""
    url, arn = make_queue(cloud, f"{name}{suffix}", **attributes)
    dead, dead_arn = make_queue(cloud, f"{name}-dead", Policy=ADMITS_RULES)
    target: dict[str, Any] = {"Id": "1", "Arn": arn, "DeadLetterConfig": {"Arn": dead_arn}}
    events = cloud.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(
        Rule=name,
        Targets=[target | ({"SqsParameters": parameters} if parameters else {})],  # type: ignore[list-item]
    )
    events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": '{"n": 1}'}])
    sqs = cloud.client("sqs")

    def arrived() -> tuple[list[Any], dict[str, str]] | None:
        got = bodies(cloud, url)
        letters = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"]).get("Messages", [])
        found = [
            {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
            for letter in letters
        ]
        return (got, found[0] if found else {}) if got or found else None

    found: tuple[list[Any], dict[str, str]] = until(arrived)
    return found


@pytest.mark.parametrize(("attributes", "parameters"), [({}, None), (FIFO, GROUP)])
def test_a_queue_whose_policy_admits_the_rule_gets_the_event(
    cloud: Cloud, name: str, until: Until, attributes: dict[str, str], parameters: dict[str, str] | None
) -> None:
    (event,), letter = sent(cloud, name, until, {**attributes, "Policy": ADMITS_RULES}, parameters)
    assert event["detail"] == {"n": 1}
    assert letter == {}


@pytest.mark.parametrize(
    ("attributes", "parameters", "code"),
    [
        ({}, None, "NO_PERMISSIONS"),
        ({"Policy": of_another_rule()}, None, "NO_PERMISSIONS"),
        ({**FIFO, "Policy": ADMITS_RULES}, None, "INVALID_PARAMETER"),
        ({"FifoQueue": "true", "Policy": ADMITS_RULES}, GROUP, "INVALID_PARAMETER"),
    ],
    ids=["no policy", "of another rule", "no message group", "no deduplication"],
)
def test_one_that_refuses_it_makes_a_dead_letter(
    cloud: Cloud,
    name: str,
    until: Until,
    attributes: dict[str, str],
    parameters: dict[str, str] | None,
    code: str,
) -> None:
    got, letter = sent(cloud, name, until, attributes, parameters)
    assert got == []
    assert letter["ERROR_CODE"] == code
    assert letter["TARGET_ARN"].startswith(f"arn:aws:sqs:us-east-1:123456789012:{name}")
