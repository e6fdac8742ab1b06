"""The queue's messages in, and what becomes of each of them."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runtime import bootstrap
from runtime.handlers import reconcile
from runtime.observability import METRICS, Telemetry
from runtime.reconciliation.errors import Fatal, Retry, Skip
from runtime.reconciliation.interruptions import MESSAGE_GROUP
from tests.runtime.twins.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runtime.reconciliation.config import GroupConfig


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 600_000


class PutOff:
    def __init__(self) -> None:
        self.seconds: dict[str, int] = {}
        self.hints: list[tuple[str, str, frozenset[str]]] = []

    def hint(self, key: str, _reason: str, *, source: str, instances: Iterable[str]) -> None:
        self.hints.append((key, source, frozenset(instances)))

    def put_off(self, receipt: str, seconds: int) -> None:
        self.seconds[receipt] = seconds


class Memberships:
    """The Auto Scaling groups of all instances of the account."""

    def __init__(self) -> None:
        self.group_of: dict[str, str] = {}
        self.throttled = False

    def names(self, instance_ids: Iterable[str]) -> dict[str, str]:
        if self.throttled:
            raise RuntimeError("Throttling")
        return {i: self.group_of[i] for i in instance_ids if i in self.group_of}


class Site:
    """A world per group key, behind the handler."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.worlds = {"web": World(), "api": World()}
        self.errors: dict[str, Exception] = {}
        self.queue = PutOff()
        self.memberships = Memberships()
        self.current = "web"
        monkeypatch.setattr(bootstrap, "registry", lambda: self)
        monkeypatch.setattr(bootstrap, "reconciler", lambda _clock: self.worlds[self.current].reconciler())
        monkeypatch.setattr(bootstrap, "queue", lambda: self.queue)
        monkeypatch.setattr(bootstrap, "groups", lambda: self.memberships)

    def names(self) -> dict[str, str]:
        return {key: f"{key}-group" for key in self.worlds}

    def group(self, key: str) -> GroupConfig:
        if key in self.errors:
            raise self.errors[key]
        self.current = key
        return self.worlds[key].config


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    # Loggers live as long as the process, each with the output of its time: so one a test.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"reconciler-{uuid.uuid4()}")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    bootstrap.telemetry.cache_clear()
    yield Site(monkeypatch)
    bootstrap.telemetry.cache_clear()


def message(key: str, number: int = 1, *, received: int = 1, body: object = None) -> dict[str, Any]:
    return {
        "messageId": f"{key}-{number}",
        "receiptHandle": f"receipt-{key}-{number}",
        "body": json.dumps(
            body if body is not None else {"source": "aws.autoscaling", "id": f"event-{number}"}
        ),
        "attributes": {
            "MessageGroupId": key,
            "SentTimestamp": "1800000000000",
            "ApproximateReceiveCount": str(received),
        },
    }


def handle(*messages: dict[str, Any]) -> list[str]:
    answer = reconcile.handler({"Records": list(messages)}, Context())  # type: ignore[arg-type] # as much as is used
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def test_ten_messages_of_a_group_are_one_look(site: Site) -> None:
    assert handle(*(message("web", n) for n in range(10))) == []
    assert site.worlds["web"].group.calls == ["describe"]


def test_the_groups_of_a_batch_are_independent(site: Site) -> None:
    site.errors["api"] = Retry("Deploy is down")
    site.worlds["web"].group.scale(1)
    assert handle(message("api", 1), message("web"), message("api", 2)) == ["api-1", "api-2"]
    assert set(site.worlds["web"].states().values()) == {"InService"}


def test_an_unknown_group_is_acknowledged(site: Site) -> None:
    site.errors["web"] = Skip("no group has the key web")
    assert handle(message("web")) == []


def test_a_pause_grows_with_the_attempts(site: Site) -> None:
    site.errors["web"] = RuntimeError("unexpected")
    pauses = []
    for received in (1, 2, 3, 9):
        assert handle(message("web", received=received)) == ["web-1"]
        pauses.append(site.queue.seconds["receipt-web-1"])
    for pause, expected in zip(pauses, (5, 10, 20, 300), strict=True):
        assert expected <= pause <= min(expected * 1.25, 300)


def test_no_pause_is_longer_than_a_lifecycle_hook_bears(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The looks of failed runs keep the instances that wait; the shortest hook is of six minutes."""
    monkeypatch.setattr("runtime.handlers.reconcile.random.randint", lambda _least, most: most)
    for error in (Fatal("no licence"), RuntimeError("unexpected"), Retry("not yet", after=290)):
        site.errors["web"] = error
        handle(message("web", received=9))
        assert site.queue.seconds["receipt-web-1"] == 300


def test_a_wanted_pause_is_kept(site: Site) -> None:
    site.errors["web"] = Retry("no address yet", after=4)
    handle(message("web", received=5))
    assert 4 <= site.queue.seconds["receipt-web-1"] <= 5


def test_what_a_person_must_do_is_a_metric_and_a_line(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.errors["web"] = Fatal("no licence; install one")
    assert handle(message("web")) == ["web-1"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (said,) = [line for line in lines if line.get("message") == "a person must help"]
    assert (said["reason"], said["group"], said["hints"]) == ("no licence; install one", "web", ["event-1"])
    (metrics,) = [line for line in lines if "_aws" in line]
    assert metrics["FatalErrors"] == [1.0]
    assert site.queue.seconds["receipt-web-1"] == 300


def test_a_batch_counts_from_its_newest_message(site: Site) -> None:
    world = site.worlds["web"]
    before, after = message("web", 1), message("web", 2)
    world.clock.sleep(int(before["attributes"]["SentTimestamp"]) / 1000 + 60 - world.clock.now())
    # A full batch: more may follow that this look supersedes, so it is kept when it was.
    assert handle(*(message("web", n) for n in range(10))) == []
    world.group.calls.clear()
    assert handle(before) == []
    assert world.group.calls == []
    after["attributes"]["SentTimestamp"] = str(round((world.clock.now() + 60) * 1000))
    assert handle(before, after) == []
    assert world.group.calls == ["describe"]


@pytest.mark.parametrize("body", ["", "not json", "[]", '"text"'])
def test_a_body_that_says_nothing_is_a_hint_like_any_other(site: Site, body: str) -> None:
    site.worlds["web"].group.scale(1)
    assert handle({**message("web"), "body": body}) == []
    assert set(site.worlds["web"].states().values()) == {"InService"}


def warning(number: int, instance: str) -> dict[str, Any]:
    return message(
        MESSAGE_GROUP,
        number,
        body={"source": "aws.ec2", "detail": {"instance-id": instance}, "id": str(number)},
    )


def test_events_of_ec2_become_a_hint_for_each_of_our_groups(site: Site) -> None:
    site.memberships.group_of = {"i-1": "web-group", "i-2": "web-group", "i-3": "api-group", "i-4": "other"}
    assert handle(*(warning(n, f"i-{n}") for n in range(1, 6))) == []
    assert sorted(site.queue.hints) == [
        ("api", "aws.ec2", frozenset({"i-3"})),
        ("web", "aws.ec2", frozenset({"i-1", "i-2"})),
    ]
    assert all(world.group.calls == [] and world.twin.calls == [] for world in site.worlds.values())


def test_events_of_ec2_about_strangers_are_acknowledged_without_a_call_to_deploy(site: Site) -> None:
    site.memberships.group_of = {"i-1": "somebody's"}
    assert handle(warning(1, "i-1"), warning(2, "i-2"), message(MESSAGE_GROUP, 3, body={})) == []
    assert site.queue.hints == []
    assert all(world.twin.calls == [] for world in site.worlds.values())


def test_events_of_ec2_come_again_when_the_groups_cannot_be_asked(site: Site) -> None:
    site.memberships.throttled = True
    assert handle(warning(1, "i-1"), message("web")) == [f"{MESSAGE_GROUP}-1"]


def test_ec2_is_asked_about_the_instances_that_a_hint_names(site: Site) -> None:
    world = site.worlds["web"]
    world.group.spot = True
    world.group.scale(2)
    world.reconcile()
    victim = min(world.group.instances)
    world.group.interrupt(victim)
    named = {"source": "aws.ec2", "instances": [victim, "not an id", 7]}
    assert handle(message("web", body=named), message("web", 2, body={"instances": "i-1"})) == []
    assert world.hosts() == set(world.group.instances) - {victim}


def test_every_metric_that_the_code_counts_is_declared() -> None:
    root = Path(reconcile.__file__).parents[1]
    text = "\n".join(p.read_text() for p in root.rglob("*.py") if "plugin" not in p.parts)
    counted = set(re.findall(r'count\(\s*"(\w+)"', text)) | set(re.findall(r'Hold\([^"]*"(\w+)"', text))
    counted |= set(re.findall(r'"(\w+)" if released else "(\w+)"', text)[0])
    assert counted == set(METRICS)


def test_lines_and_metrics_are_json_that_cloudwatch_reads(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry = Telemetry()
    telemetry.about(group="web")
    telemetry.line("registered", instance="i-1")
    telemetry.count("HostsRegistered", 2)
    telemetry.flush()
    telemetry.flush()
    line, metrics = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["message"], line["group"], line["instance"]) == ("registered", "web", "i-1")
    assert line["location"].startswith("test_lines_and_metrics")
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Test"
    assert directive["Dimensions"] == [["service"]]
    assert directive["Metrics"] == [{"Name": "HostsRegistered", "Unit": "Count"}]
