"""Machines, versions and calls that fail: the breaker, retries and alarms."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from runtime.deploy.errors import (
    DeployError,
    Forbidden,
    Refused,
    Unauthorized,
    Unavailable,
    Unlicensed,
    Unreachable,
)
from runtime.reconciliation.errors import Fatal, Retry
from runtime.reconciliation.reconciler import Outcome
from tests.runtime.reconciliation.scenarios import (
    SHOP,
    after_failures,
    fail,
    in_line,
    release,
    serving,
    with_retries,
)
from tests.runtime.twins.world import ENVIRONMENT


def test_one_sick_machine_does_not_keep_the_others_out() -> None:
    world = serving(1)
    world.group.scale(4)
    sick = sorted(world.group.instances)[2]
    world.twin.sick.add(world.config.host_id(sick))
    world.reconcile()
    world.reconcile()
    assert sick not in world.group.instances
    assert len(world.group.instances) == 4
    assert in_line(world)
    assert [c for c in world.group.completions if c[2] == "ABANDON"] == [(sick, "deploy", "ABANDON")]


def test_the_breaker_opens_after_three_failures_and_closes_with_a_new_version() -> None:
    world = after_failures(scale=2, runs=6)
    abandoned = [c for c in world.group.completions if c[2] == "ABANDON"]
    assert len(abandoned) == 2
    assert sorted(world.states().values()) == ["InService", "Pending:Wait"]
    assert world.report.metrics["BreakersOpen"] >= 1
    kept = max(world.group.instances)
    release(world, "shop", "2.0")
    world.reconcile()
    assert kept in world.group.instances
    assert in_line(world)


def test_an_operator_closes_the_breaker() -> None:
    world = after_failures(scale=2, runs=4)
    world.twin.broken.clear()
    world.reconcile("operator")
    assert in_line(world)


def test_a_success_closes_the_breaker() -> None:
    world = after_failures(scale=2, runs=4)
    world.twin.broken.clear()
    world.clock.sleep(3600 / 2)
    world.reconcile("schedule")
    assert in_line(world)
    world.report.metrics.clear()
    world.reconcile()
    assert "BreakersOpen" not in world.report.metrics


def test_a_machine_that_is_still_starting_is_tried_again_and_not_abandoned() -> None:
    world = serving(1)
    world.group.scale(2)
    young = max(world.group.instances)
    world.group.instances[young].launched = world.clock.now()
    world.twin.deaf.add(world.config.host_id(young))
    assert world.reconcile() is Outcome.CONTINUED
    world.twin.deaf.clear()
    world.clock.sleep(15)
    world.reconcile()
    assert in_line(world)
    assert [c[2] for c in world.group.completions] == ["CONTINUE", "CONTINUE"]


@pytest.mark.parametrize(
    ("error", "ending", "text"),
    [
        (Unauthorized("GET", "/x", 401, ""), Fatal, "check the secret"),
        (Unlicensed("GET", "/x", 402, ""), Fatal, "licence"),
        (Forbidden("GET", "/x", 403, "You do not have repo#edit"), Fatal, "repo#edit"),
        (Unavailable("GET", "/x", 503, "maintenance"), Retry, "maintenance"),
        (Unreachable("GET", "/x", None, "Connection refused"), Retry, "Connection refused"),
        (Refused("GET", "/x", 500, "odd"), Retry, "odd"),
    ],
)
def test_troubles_end_by_what_to_do_about_them(
    error: DeployError, ending: type[Exception], text: str
) -> None:
    world = serving(1)
    world.twin.faults.append(lambda *_: fail(error))
    with pytest.raises(ending, match=re.escape(text)):
        world.reconcile()


def test_a_maintenance_that_refuses_starts_is_waited_out() -> None:
    world = serving(1)
    world.group.scale(2)

    def maintenance(method: str, path: str, phase: str) -> None:
        if path.endswith("/start") and phase == "before":
            raise Unavailable(method, path, 503, "maintenance")

    world.twin.faults.append(maintenance)
    for _ in range(3):
        with pytest.raises(Retry):
            world.reconcile()
    world.twin.faults.clear()
    world.reconcile()
    assert in_line(world)


def test_one_application_that_does_not_validate_does_not_keep_the_others_out() -> None:
    world = serving(1, "broken", "shop")
    world.group.scale(2)
    world.twin.invalid.add(f"{ENVIRONMENT}/broken")
    with pytest.raises(Retry, match="does not validate"):
        world.reconcile()
    assert len(world.twin.deployeds(SHOP)) == 2
    assert "Pending:Wait" in world.states().values()
    world.twin.invalid.clear()
    world.reconcile()
    assert in_line(world)


def test_one_application_that_the_account_may_not_read_does_not_keep_the_others_out() -> None:
    world = serving(1, "a", "shop")
    world.group.scale(2)
    first = iter([True])

    def fault(method: str, path: str, phase: str) -> None:
        if (method, path, phase) == ("GET", "/deployment/prepare/update", "before") and next(first, False):
            raise Forbidden(method, path, 403, "You need the permission read on Applications/a")

    world.twin.faults.append(fault)
    with pytest.raises(Fatal, match=r"^a: GET .* read on Applications/a; grant the account the permission"):
        world.reconcile()
    assert len(world.twin.deployeds(SHOP)) == 2
    assert "Pending:Wait" in world.states().values()
    world.reconcile()
    assert in_line(world)


def test_what_does_not_validate_keeps_no_host_from_leaving() -> None:
    world = serving(2)
    world.twin.invalid.add(SHOP)
    world.group.scale(1)
    world.reconcile()
    assert in_line(world)


def test_a_declared_order_is_kept_and_the_rest_runs_side_by_side() -> None:
    world = serving(1, "a", "b", "base")
    world.config = replace(world.config, order=("base",))
    world.group.scale(2)
    made = len(world.twin.tasks)
    world.reconcile()
    times = {t.application.rpartition("/")[2]: t.done_at for t in list(world.twin.tasks.values())[made:]}
    assert times["base"] < times["a"] == times["b"]


@pytest.mark.parametrize("on_failure", ["ABANDON", "CONTINUE"])
def test_where_a_declared_application_fails_the_others_are_not_tried(on_failure: str) -> None:
    world = serving(1, "base", "shop", order=("base",), on_failure=on_failure)
    world.twin.broken.add("Applications/base/1.0")
    made = len(world.twin.tasks)
    world.group.scale(2)
    with_retries(world)
    tried = {task.application.rpartition("/")[2] for task in list(world.twin.tasks.values())[made:]}
    assert tried == {"base"}
    world.twin.broken.clear()
    world.reconcile("operator")
    world.group.converge()
    world.reconcile()
    assert in_line(world)


def test_a_retry_that_helps_one_of_two_machines_keeps_the_one() -> None:
    world = after_failures(scale=5, runs=4)
    kept = sorted(i for i, state in world.states().items() if state == "Pending:Wait")
    assert len(kept) >= 2
    world.twin.broken.clear()
    world.twin.sick.add(world.config.host_id(kept[-1]))
    for _ in range(4):
        world.clock.sleep(3600 / 2)
        with_retries(world)
    abandoned = [instance for instance, _, result in world.group.completions if result == "ABANDON"]
    assert set(kept) & set(abandoned) <= {kept[-1]}
    assert {world.states()[instance] for instance in kept[:-1]} == {"InService"}
