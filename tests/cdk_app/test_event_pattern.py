"""The rule's pattern, matched by AWS's own event-ruler against sample events and near misses."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.cdk_app.cases import CASES, properties
from tests.java.maven import java_command, run

TESTS = Path(__file__).parents[1]
SAMPLES = {
    path.stem: json.loads(path.read_text()) for path in sorted((TESTS / "samples" / "events").glob("*.json"))
}


@cache
def pattern() -> dict[str, Any]:
    app = next(case for case in CASES if case.name == "app")
    (rule,) = properties(app, "AWS::Events::Rule")
    found: dict[str, Any] = rule["EventPattern"]
    return found


def matches(events: list[dict[str, Any]]) -> list[bool]:
    command = java_command(TESTS / "java" / "event_ruler" / "pom.xml", "RulerDriver.java")
    result = run(command, "\n".join(map(json.dumps, [pattern(), *events])))
    assert result.returncode == 0, result.stderr
    return [line == "true" for line in result.stdout.splitlines()]


def changed(event: dict[str, Any], **fields: object) -> dict[str, Any]:
    return {**event, **fields}


def of_group(name: object) -> dict[str, Any]:
    event = SAMPLES["launch-successful"]
    return changed(event, detail={**event["detail"], "AutoScalingGroupName": name})


def without_group() -> dict[str, Any]:
    event = SAMPLES["launch-successful"]
    return changed(
        event, detail={key: value for key, value in event["detail"].items() if key != "AutoScalingGroupName"}
    )


NEAR_MISSES = {
    "another group": of_group("other"),
    "a group whose name begins like ours": of_group("web-2"),
    "a group whose name ends like ours": of_group("my-web"),
    "our name in capitals": of_group("WEB"),
    "our name with a blank": of_group("web "),
    "our name quoted": of_group('"web"'),
    "no group": without_group(),
    "an empty group": of_group(""),
    "null as group": of_group(None),
    "another kind of event": changed(
        SAMPLES["launch-successful"], **{"detail-type": "EC2 Auto Scaling Instance Refresh Started"}
    ),
    "a state change of EC2": changed(
        SAMPLES["launch-successful"], **{"detail-type": "EC2 Instance State-change Notification"}
    ),
    "a kind in small letters": changed(
        SAMPLES["launch-successful"], **{"detail-type": "ec2 instance launch successful"}
    ),
    "another service": changed(SAMPLES["launch-successful"], source="aws.ec2"),
    "an application": changed(SAMPLES["launch-successful"], source="com.example.autoscaling"),
    "the group outside the detail": changed(without_group(), AutoScalingGroupName="web"),
}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, bool]:
    """One JVM judges all."""
    events = SAMPLES | NEAR_MISSES
    return dict(zip(events, matches(list(events.values())), strict=True))


def test_samples_cover_every_kind_of_event_that_the_pattern_names() -> None:
    assert {event["detail-type"] for event in SAMPLES.values()} == set(pattern()["detail-type"])


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_matches(verdicts: dict[str, bool], name: str) -> None:
    assert verdicts[name]


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_near_misses_do_not(verdicts: dict[str, bool], name: str) -> None:
    assert not verdicts[name]


def test_several_groups_have_several_rules_with_a_group_each() -> None:
    case = next(case for case in CASES if case.name == "several groups in several stacks")
    groups = [
        rule["EventPattern"]["detail"]["AutoScalingGroupName"]
        for rule in properties(case, "AWS::Events::Rule")
    ]
    assert len(groups) == 3
    assert all(len(names) == 1 for names in groups)
    assert len({json.dumps(names) for names in groups}) == 3
