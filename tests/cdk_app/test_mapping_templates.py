"""API Gateway's mapping templates by two engines: whatever is sent arrives as it is, and adds no field."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus

import airspeed
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_app.api import mapping_template
from tests.cdk_app.cases import CASES, properties

JARS = [
    Path("/usr/share/java") / f"{name}.jar" for name in ("velocity", "commons-collections3", "commons-lang")
]
SAMPLE = {
    "id": "0b5e0f4e-6d1c-4f0a-9a57-6a1d6e3b1c01",
    "detail-type": "EC2 Instance Launch Successful",
    "source": "aws.autoscaling",
    "detail": {"AutoScalingGroupName": "web", "EC2InstanceId": "i-1234567890abcdef0"},
}


@dataclass(frozen=True)
class Request:
    """What API Gateway shows to a template: raw body, the one parameter, the request's id."""

    body: str
    parameter: str
    request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    @property
    def id(self) -> str:
        return str(self.parsed.get("id", ""))

    @property
    def parsed(self) -> dict[str, Any]:
        try:
            parsed = json.loads(self.body)
        except json.JSONDecodeError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    @property
    def texts(self) -> dict[str, str]:
        """JSON texts of the parts that a template may ask for, by JSONPath; what is absent is null."""
        event, detail = self.parsed, self.parsed.get("detail") or {}
        parts = {
            "$.source": event.get("source"),
            "$['detail-type']": event.get("detail-type"),
            "$.account": event.get("account"),
            "$.region": event.get("region"),
            "$.detail.AutoScalingGroupName": detail.get("AutoScalingGroupName"),
            "$.detail.EC2InstanceId": detail.get("EC2InstanceId"),
        }
        return {path: json.dumps(part, ensure_ascii=False) for path, part in parts.items()}


def event(**changes: object) -> str:
    return json.dumps({**SAMPLE, **changes}, ensure_ascii=False)


HOSTILE = [
    "web",
    "a b/c",
    "quotes \" and ' and \\",
    "&MessageGroupId=other&Action=DeleteQueue",
    "100%25 + 1 = 2; #set($x = 1) ${util.urlEncode('x')} $input.body ## no comment",
    "Ümläut, 漢字, \N{PILE OF POO}",
    "line\nbreak\r\nand\ttab",
    "x" * 255,
    # As a path shows it; API Gateway decodes a parameter once.
    "a%2Fb%26c",
]
BODIES = [
    *(
        event(detail={"AutoScalingGroupName": name, "EC2InstanceId": "i-1", "Cause": name})
        for name in HOSTILE
    ),
    json.dumps(SAMPLE, indent=2),
]
Engine = Callable[[str, list[Request]], list[str]]


def by_airspeed(template: str, requests: list[Request]) -> list[str]:
    class Input:
        def __init__(self, request: Request) -> None:
            self._request, self.body = request, request.body

        def params(self, _: str) -> str:
            return self._request.parameter

        def path(self, _: str) -> str:
            return self._request.id

        def json(self, path: str) -> str:
            return self._request.texts[path]

    class Util:
        def urlEncode(self, text: str) -> str:  # noqa: N802 - API Gateway's name
            return quote_plus(text)

    parsed = airspeed.Template(template)
    return [
        parsed.merge({"input": Input(request), "util": Util(), "context": {"requestId": request.request_id}})
        for request in requests
    ]


def by_velocity(template: str, requests: list[Request]) -> list[str]:
    if shutil.which("java") is None or not all(jar.is_file() for jar in JARS):
        pytest.skip("Apache Velocity is not here: apt-get install velocity default-jdk-headless")
    lines = [
        " ".join(
            base64.b64encode(text.encode()).decode()
            for text in (
                template,
                request.body,
                request.parameter,
                request.id,
                request.request_id,
                "\n".join(f"{path}\n{part}" for path, part in request.texts.items()),
            )
        )
        for request in requests
    ]
    run = subprocess.run(  # noqa: S603 - our own program
        ["java", "-cp", ":".join(map(str, JARS)), str(Path(__file__).parent / "velocity" / "Render.java")],  # noqa: S607
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return [base64.b64decode(line).decode() for line in run.stdout.split()]


both_engines = pytest.mark.parametrize("engine", [by_airspeed, by_velocity])


def fields(rendered: str) -> dict[str, str]:
    """Return a form's fields, each of which must be there once."""
    pairs = parse_qsl(rendered, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@both_engines
def test_an_event_arrives_as_it_was_sent(engine: Engine) -> None:
    requests = [Request(body, name) for body in BODIES for name in HOSTILE]
    for request, rendered in zip(requests, engine(mapping_template("events"), requests), strict=True):
        assert fields(rendered) == {
            "Action": "SendMessage",
            "MessageGroupId": request.parameter,
            "MessageDeduplicationId": SAMPLE["id"],
            "MessageBody": request.body,
        }


@both_engines
def test_an_operators_body_arrives_and_an_absent_one_says_operator(engine: Engine) -> None:
    bodies = {"{}": '{"source":"operator"}', "": '{"source":"operator"}'} | {body: body for body in BODIES}
    requests = [Request(body, name) for body in bodies for name in HOSTILE]
    for request, rendered in zip(requests, engine(mapping_template("reconcile"), requests), strict=True):
        assert fields(rendered) == {
            "Action": "SendMessage",
            "MessageGroupId": request.parameter,
            "MessageDeduplicationId": request.request_id,
            "MessageBody": bodies[request.body],
        }


@both_engines
def test_the_endpoint_gets_what_it_needs_of_an_event_and_nothing_else(engine: Engine) -> None:
    names = [*HOSTILE, 'x","EC2InstanceId":"i-other']
    bodies = [
        event(
            account="123456789012",
            region="us-west-2",
            detail={"AutoScalingGroupName": name, "EC2InstanceId": "i-1234567890abcdef0", "Cause": name},
        )
        for name in names
    ]
    requests = [Request(body, "") for body in bodies]
    rendered = engine(mapping_template("endpoint"), requests)
    for name, text in zip(names, rendered, strict=True):
        assert json.loads(text) == {
            "source": "aws.autoscaling",
            "detail-type": "EC2 Instance Launch Successful",
            "account": "123456789012",
            "region": "us-west-2",
            "detail": {"AutoScalingGroupName": name, "EC2InstanceId": "i-1234567890abcdef0"},
        }


@given(st.text(), st.text(max_size=255))
def test_no_text_adds_or_changes_a_field(cause: str, parameter: str) -> None:
    request = Request(event(cause=cause), parameter)
    (rendered,) = by_airspeed(mapping_template("events"), [request])
    assert fields(rendered) == {
        "Action": "SendMessage",
        "MessageGroupId": parameter,
        "MessageDeduplicationId": SAMPLE["id"],
        "MessageBody": request.body,
    }


def test_the_synthesized_methods_use_these_templates() -> None:
    templates = {
        method["Integration"]["RequestTemplates"]["application/json"]
        for case in CASES
        for method in properties(case, "AWS::ApiGateway::Method")
    }
    assert templates == {mapping_template(name) for name in ("events", "reconcile", "endpoint")}
