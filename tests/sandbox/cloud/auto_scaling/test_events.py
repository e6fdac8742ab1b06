"""Events compared, field by field, with the samples of Auto Scaling's event reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cdk_app.sandbox.cloud.auto_scaling import activities, events
from cdk_app.sandbox.cloud.auto_scaling.activities import Activity
from cdk_app.sandbox.cloud.auto_scaling.model import (
    Group,
    Hook,
    Member,
    Place,
    State,
    Subnet,
    Transition,
    Wait,
)

SAMPLES = Path(__file__).parents[3] / "samples" / "events"
INSTANCE = "i-1234567890abcdef0"
ID = "87654321-4321-4321-4321-210987654321"
STARTED, ENDED = 1795515301.0, 1795515330.0
SUBNET = Subnet("subnet-12345678", "us-west-2b")
GROUP = Group(
    "web",
    "arn:aws:autoscaling:us-west-2:123456789012:autoScalingGroup:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    ":autoScalingGroupName/web",
    0,
    5,
    1,
    (SUBNET,),
)
CAUSE = activities.desired_changed(STARTED - 1, 0, 1)


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return found


def member(origin: Place, destination: Place, wait: Wait | None = None) -> Member:
    return Member(
        INSTANCE,
        SUBNET,
        "t4g.small",
        None,
        STARTED,
        ID,
        State.PENDING,
        origin,
        destination,
        wait=wait,
    )


def activity(description: str, message: str = "") -> Activity:
    return Activity(ID, "web", description, CAUSE, STARTED, SUBNET, "Successful", message, ENDED)


def kinds(value: object) -> object:
    """The shape of a JSON value: its keys and the types of its leaves."""
    if isinstance(value, dict):
        return {key: kinds(item) for key, item in value.items()}
    return type(value).__name__


@pytest.mark.parametrize(
    ("name", "places", "description"),
    [
        ("launch-successful", (Place.EC2, Place.GROUP), activities.launching(INSTANCE)),
        ("terminate-successful", (Place.GROUP, Place.EC2), activities.terminating(INSTANCE)),
    ],
)
def test_successful_activities(name: str, places: tuple[Place, Place], description: str) -> None:
    made, expected = (events.successful(GROUP, member(*places), activity(description)), sample(name))
    assert made.detail_type == expected["detail-type"]
    assert list(made.resources) == expected["resources"]
    request_id = {"RequestId": expected["detail"]["RequestId"]}  # a value of AWS's own
    assert {**made.detail, **request_id} == expected["detail"]


@pytest.mark.parametrize(
    ("name", "places", "description"),
    [
        ("launch-unsuccessful", (Place.EC2, Place.GROUP), activities.launching(INSTANCE)),
        ("terminate-unsuccessful", (Place.GROUP, Place.EC2), activities.terminating(INSTANCE)),
    ],
)
def test_unsuccessful_activities(name: str, places: tuple[Place, Place], description: str) -> None:
    expected = sample(name)
    message = expected["detail"]["StatusMessage"]
    made = events.unsuccessful(GROUP, member(*places), activity(description, message))
    assert made.detail_type == expected["detail-type"]
    assert list(made.resources) == expected["resources"]
    assert {**made.detail, "RequestId": expected["detail"]["RequestId"]} == expected["detail"]


def test_the_message_of_an_abandoned_launch() -> None:
    assert activities.abandoned(ID, expired=False) == sample("launch-unsuccessful")["detail"]["StatusMessage"]


@pytest.mark.parametrize(
    ("name", "places", "transition"),
    [
        ("launch-lifecycle-action", (Place.EC2, Place.GROUP), Transition.LAUNCHING),
        ("launch-lifecycle-action-into-warm-pool", (Place.EC2, Place.POOL), Transition.LAUNCHING),
        ("launch-lifecycle-action-from-warm-pool", (Place.POOL, Place.GROUP), Transition.LAUNCHING),
        ("terminate-lifecycle-action", (Place.GROUP, Place.EC2), Transition.TERMINATING),
        ("terminate-lifecycle-action-into-warm-pool", (Place.GROUP, Place.POOL), Transition.TERMINATING),
    ],
)
def test_lifecycle_actions(name: str, places: tuple[Place, Place], transition: Transition) -> None:
    hook = Hook("deploy", transition, metadata="additional-info")
    made = events.lifecycle_action(GROUP, member(*places, wait=Wait(hook, ID, STARTED, STARTED + 60)))
    expected = sample(name)
    assert (made.detail_type, list(made.resources), made.detail) == (
        expected["detail-type"],
        expected["resources"],
        expected["detail"],
    )


def test_a_hook_without_metadata_sends_none() -> None:
    hook = Hook("deploy", Transition.LAUNCHING)
    made = events.lifecycle_action(
        GROUP, member(Place.EC2, Place.GROUP, Wait(hook, ID, STARTED, STARTED + 60))
    )
    expected = sample("launch-lifecycle-action")["detail"]
    del expected["NotificationMetadata"]
    assert kinds(made.detail) == kinds(expected)
