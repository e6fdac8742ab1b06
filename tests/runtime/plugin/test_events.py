from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.runtime.plugin.conftest import Call

ENVELOPE: dict[str, Any] = {
    "version": "0",
    "id": "0b5e0f4e-6d1c-4f0a-9a57-6a1d6e3b1c01",
    "detail-type": "EC2 Instance Launch Successful",
    "source": "aws.autoscaling",
    "account": "123456789012",
    "region": "us-west-2",
    "detail": {
        "AutoScalingGroupName": "wéb / 1",
        "EC2InstanceId": "i-1234567890abcdef0",
        "StatusCode": "InProgress",
    },
}


def test_the_whole_event(call: Call) -> None:
    assert call("events.read_event", ENVELOPE)["value"] == {
        "group": "wéb / 1",
        "instance": "i-1234567890abcdef0",
        "account": "123456789012",
        "region": "us-west-2",
    }


def test_the_bare_detail(call: Call) -> None:
    assert call("events.read_event", ENVELOPE["detail"])["value"] == {
        "group": "wéb / 1",
        "instance": "i-1234567890abcdef0",
        "account": None,
        "region": None,
    }


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"source": "aws.ec2"}, "source"),
        ({"detail-type": "EC2 Instance Launch Unsuccessful"}, "detail-type"),
        ({"detail-type": None}, "detail-type"),
        ({"detail": []}, "detail"),
        ({"detail": {"EC2InstanceId": "i-1234567890abcdef0"}}, "AutoScalingGroupName"),
        (
            {"detail": {"AutoScalingGroupName": "", "EC2InstanceId": "i-1234567890abcdef0"}},
            "AutoScalingGroupName",
        ),
        (
            {"detail": {"AutoScalingGroupName": "x" * 256, "EC2InstanceId": "i-1234567890abcdef0"}},
            "AutoScalingGroup",
        ),
        ({"detail": {"AutoScalingGroupName": "web"}}, "EC2InstanceId"),
        (
            {"detail": {"AutoScalingGroupName": "web", "EC2InstanceId": "i-1234567890abcdef0/.."}},
            "EC2InstanceId",
        ),
        (
            {"detail": {"AutoScalingGroupName": "web", "EC2InstanceId": ["i-1234567890abcdef0"]}},
            "EC2InstanceId",
        ),
    ],
)
def test_what_is_no_event_of_ours_is_refused_by_name(call: Call, change: dict[str, Any], named: str) -> None:
    answer = call("events.read_event", {**ENVELOPE, **change})
    assert answer["refused"] == 400
    assert answer["reason"].startswith(named)


@pytest.mark.parametrize("body", [None, [], "launch", 7])
def test_a_body_that_is_no_object_is_refused(call: Call, body: object) -> None:
    assert call("events.read_event", body)["refused"] == 400
