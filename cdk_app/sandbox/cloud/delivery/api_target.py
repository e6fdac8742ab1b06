"""What EventBridge sends to an API Gateway target, and what it does with the answer. Pure.

After the EventBridge user guide: API Gateway as a target, retry policy and dead-letter queues.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.gateway import json_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_ATTEMPTS = 185
DEFAULT_AGE_SECONDS = 24 * 3600
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0

_ARN = re.compile(
    r"arn:[\w-]+:execute-api:(?P<region>[\w-]+):\d+:(?P<api>\w+)/(?P<stage>[^/]+)/(?P<method>[^/]+)(?P<path>/.*)?$"
)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One HTTP request to a stage of a REST API.

    Attributes
    ----------
    path
        Path with query string below the stage, encoded.
    """

    api_id: str
    stage: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a target is tried.

    Attributes
    ----------
    attempts
        Retries after the first attempt.
    age
        Seconds since the event was received, after which it is given up.
    """

    attempts: int = DEFAULT_ATTEMPTS
    age: float = DEFAULT_AGE_SECONDS


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, in the words of a dead letter's attributes."""

    code: str
    message: str
    retriable: bool


def is_api(arn: str) -> bool:
    """Tell whether a target's ARN names a method of a REST API."""
    return _ARN.match(arn) is not None


def request(target: Mapping[str, Any], payload: str) -> ApiRequest:
    """Build the request for a target.

    Parameters
    ----------
    target
        The rule's target: ``Arn`` and ``HttpParameters``. Each ``*`` in the ARN's path takes the next of the
        path parameters.
    payload
        The body.

    Raises
    ------
    ValueError
        When the ARN is not that of an API's method.
    """
    found = _ARN.match(target["Arn"])
    if found is None:
        raise ValueError(target["Arn"])
    parameters = target.get("HttpParameters") or {}
    values = iter(parameters.get("PathParameterValues") or ())
    path = re.sub(r"\*", lambda _: urllib.parse.quote(next(values, ""), safe=""), found["path"] or "/")
    query = parameters.get("QueryStringParameters") or {}
    if query:
        path += "?" + urllib.parse.urlencode(query)
    method = found["method"] if found["method"] != "*" else "POST"
    headers = {"Content-Type": "application/json", **(parameters.get("HeaderParameters") or {})}
    return ApiRequest(found["api"], found["stage"], method, path, headers, payload)


def payload(
    target: Mapping[str, Any],
    event: Mapping[str, Any],
    transform: Callable[[Mapping[str, Any]], str],
) -> str:
    """Return what a target receives: ``Input``, the transformed event, a part of it, or all of it.

    Parameters
    ----------
    transform
        Applies an ``InputTransformer``.
    """
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputTransformer"):
        return transform(target["InputTransformer"])
    part = json_path.find(event, target.get("InputPath") or "$")
    return json.dumps(part)


def retry_policy(target: Mapping[str, Any]) -> RetryPolicy:
    """Return a target's retry policy."""
    policy = target.get("RetryPolicy") or {}
    return RetryPolicy(
        int(policy.get("MaximumRetryAttempts", DEFAULT_ATTEMPTS)),
        float(policy.get("MaximumEventAgeInSeconds", DEFAULT_AGE_SECONDS)),
    )


def failure(status: int, body: str) -> Failure | None:
    """Judge an answer: ``None`` for success; 429 and 5xx may be tried again, other 4xx may not."""
    if status < 300:
        return None
    if status == 429:
        return Failure("THROTTLING", body, retriable=True)
    if status >= 500:
        return Failure("ERROR_FROM_TARGET", body, retriable=True)
    code = {403: "NO_PERMISSIONS", 404: "NO_RESOURCE"}.get(status, "SDK_CLIENT_ERROR")
    return Failure(code, body, retriable=False)


def pause(attempt: int) -> float:
    """Return the seconds before the next attempt; AWS adds jitter and grows to minutes."""
    return min(FIRST_PAUSE_SECONDS * 2.0**attempt, LONGEST_PAUSE_SECONDS)


def exhausted(policy: RetryPolicy, failed: Failure, attempts: int, age: float) -> str | None:
    """Return why a failed delivery is given up, ``None`` when it is tried again.

    Parameters
    ----------
    attempts
        Attempts made so far, the first included.
    age
        Seconds since the event was received, the pause before the next attempt included.

    Returns
    -------
    str or None
        The name of the exhausted member of the retry policy, or empty when no retry would help.
    """
    if not failed.retriable:
        return ""
    if attempts > policy.attempts:
        return "MaximumRetryAttempts"
    if age > policy.age:
        return "MaximumEventAgeInSeconds"
    return None


def dead_letter_attributes(
    rule_arn: str, target_arn: str, failed: Failure, attempts: int, condition: str
) -> dict[str, str]:
    """Return the message attributes of a dead letter."""
    attributes = {
        "RULE_ARN": rule_arn,
        "TARGET_ARN": target_arn,
        "ERROR_CODE": failed.code,
        "ERROR_MESSAGE": failed.message or failed.code,
    }
    if attempts > 1:
        attributes["RETRY_ATTEMPTS"] = str(attempts - 1)
    if condition:
        attributes["EXHAUSTED_RETRY_CONDITION"] = condition
    return attributes
