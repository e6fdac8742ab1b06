"""The rules' patterns, matched by AWS's own event-ruler against sample events and near misses.

The samples of Auto Scaling are in the shape of its event reference, those of Spot Instances (``spot-*``) in
the shape that the EC2 user guide shows for them.
"""

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
def patterns() -> dict[str, dict[str, Any]]:
    """Return the patterns of the app by source: the group's, and the hub's for Spot Instances."""
    app = next(case for case in CASES if case.name == "app")
    rules = list(properties(app, "AWS::Events::Rule"))
    found = {rule["EventPattern"]["source"][0]: rule["EventPattern"] for rule in rules}
    assert len(found) == len(rules)
    return found


def matches(pattern: dict[str, Any], events: list[dict[str, Any]]) -> list[bool]:
    command = java_command(TESTS / "java" / "event_ruler" / "pom.xml", "RulerDriver.java")
    result = run(command, "\n".join(map(json.dumps, [pattern, *events])))
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


def of_spot(**fields: object) -> dict[str, Any]:
    return changed(SAMPLES["spot-interruption-warning"], **fields)


NEAR_MISSES_OF_EC2 = {
    "an interruption of a capacity reservation": of_spot(
        **{"detail-type": "EC2 Interruptible Capacity Reservation Instance Interruption Warning"}
    ),
    "a fulfilled Spot request": of_spot(**{"detail-type": "EC2 Spot Instance Request Fulfillment"}),
    "a machine that has changed its state": of_spot(
        **{"detail-type": "EC2 Instance State-change Notification"}
    ),
    "a warning in small letters": of_spot(**{"detail-type": "ec2 spot instance interruption warning"}),
    "a warning of another service": of_spot(source="aws.autoscaling"),
    "a warning of an application": of_spot(source="com.example.ec2"),
}

ALL = SAMPLES | NEAR_MISSES | NEAR_MISSES_OF_EC2


@pytest.fixture(scope="module")
def verdicts() -> dict[str, dict[str, bool]]:
    """By source of the rule: each rule judges every event."""
    return {
        source: dict(zip(ALL, matches(pattern, list(ALL.values())), strict=True))
        for source, pattern in patterns().items()
    }


def test_samples_cover_every_kind_of_event_that_the_patterns_name() -> None:
    named = {kind for pattern in patterns().values() for kind in pattern["detail-type"]}
    assert {event["detail-type"] for event in SAMPLES.values()} == named


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_matches_the_rule_of_its_source(verdicts: dict[str, dict[str, bool]], name: str) -> None:
    matching = {source for source, verdict in verdicts.items() if verdict[name]}
    assert matching == {SAMPLES[name]["source"]}


@pytest.mark.parametrize("name", NEAR_MISSES | NEAR_MISSES_OF_EC2)
def test_near_misses_match_none(verdicts: dict[str, dict[str, bool]], name: str) -> None:
    assert not any(verdict[name] for verdict in verdicts.values())


def test_several_groups_have_several_rules_with_a_group_each() -> None:
    case = next(case for case in CASES if case.name == "several groups in several stacks")
    groups = [
        rule["EventPattern"]["detail"]["AutoScalingGroupName"]
        for rule in properties(case, "AWS::Events::Rule")
        if rule["EventPattern"]["source"] == ["aws.autoscaling"]
    ]
    assert len(groups) == 3
    assert all(len(names) == 1 for names in groups)
    assert len({json.dumps(names) for names in groups}) == 3
