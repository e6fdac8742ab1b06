from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_app.sandbox.cloud.delivery.api_target import (
    Failure,
    RetryPolicy,
    dead_letter_attributes,
    exhausted,
    failure,
    is_api,
    pause,
    payload,
    request,
    retry_policy,
)

ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/v1/POST"
EVENT = {"id": "1", "detail-type": "t", "detail": {"AutoScalingGroupName": "web"}}
RETRIABLE = Failure("THROTTLING", "slow down", retriable=True)


def test_api_targets_are_told_from_others() -> None:
    assert is_api(f"{ARN}/events")
    assert is_api(ARN)
    assert not is_api("arn:aws:sqs:us-east-1:123456789012:queue")


def test_stars_in_the_path_take_the_parameters_in_turn() -> None:
    made = request(
        {
            "Arn": f"{ARN}/groups/*/hosts/*",
            "HttpParameters": {
                "PathParameterValues": ["a/b", "ü"],
                "QueryStringParameters": {"dry run": "yes & no"},
                "HeaderParameters": {"X-Group": "Web-1"},
            },
        },
        "{}",
    )
    assert made.path == "/groups/a%2Fb/hosts/%C3%BC?dry+run=yes+%26+no"
    assert (made.api_id, made.stage, made.method) == ("a1b2c3", "v1", "POST")
    assert made.headers == {"Content-Type": "application/json", "X-Group": "Web-1"}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, json.dumps(EVENT)),
        ({"Input": '{"fixed": true}'}, '{"fixed": true}'),
        ({"InputPath": "$.detail"}, '{"AutoScalingGroupName": "web"}'),
        ({"InputPath": "$['detail-type']"}, '"t"'),
        ({"InputTransformer": {"InputTemplate": "made"}}, "made"),
    ],
)
def test_the_body_is_what_the_target_asks_for(target: dict[str, object], expected: str) -> None:
    assert payload(target, EVENT, lambda transformer: str(transformer["InputTemplate"])) == expected


@pytest.mark.parametrize(
    ("status", "code", "retriable"),
    [
        (429, "THROTTLING", True),
        (500, "ERROR_FROM_TARGET", True),
        (503, "ERROR_FROM_TARGET", True),
        (400, "SDK_CLIENT_ERROR", False),
        (403, "NO_PERMISSIONS", False),
        (404, "NO_RESOURCE", False),
    ],
)
def test_which_answers_are_tried_again(status: int, code: str, retriable: bool) -> None:
    assert failure(status, "why") == Failure(code, "why", retriable)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_success(status: int) -> None:
    assert failure(status, "") is None


def test_the_defaults_are_awss() -> None:
    assert retry_policy({}) == RetryPolicy(185, 86_400)
    target = {"RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}}
    assert retry_policy(target) == RetryPolicy(0, 60)


def test_when_a_delivery_is_given_up() -> None:
    policy = RetryPolicy(attempts=2, age=60)
    assert exhausted(policy, RETRIABLE, attempts=2, age=1) is None
    assert exhausted(policy, RETRIABLE, attempts=3, age=1) == "MaximumRetryAttempts"
    assert exhausted(policy, RETRIABLE, attempts=1, age=61) == "MaximumEventAgeInSeconds"
    assert exhausted(policy, Failure("NO_PERMISSIONS", "", retriable=False), attempts=1, age=0) == ""


@given(st.integers(0, 200))
def test_pauses_grow_to_a_limit(attempt: int) -> None:
    assert 0 < pause(attempt) <= pause(attempt + 1) <= 30


def test_a_dead_letter_says_why() -> None:
    assert dead_letter_attributes(
        "rule", "target", RETRIABLE, attempts=3, condition="MaximumRetryAttempts"
    ) == {
        "RULE_ARN": "rule",
        "TARGET_ARN": "target",
        "ERROR_CODE": "THROTTLING",
        "ERROR_MESSAGE": "slow down",
        "RETRY_ATTEMPTS": "2",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
    }
    once = dead_letter_attributes("rule", "target", RETRIABLE, attempts=1, condition="")
    assert once.keys() == {"RULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE"}
