"""Many events, few looks: which hints a look has already answered."""

from __future__ import annotations

import pytest

from runtime.deploy.errors import Unavailable
from runtime.reconciliation.errors import Retry
from runtime.reconciliation.hint import Hint
from runtime.reconciliation.reconciler import Outcome
from tests.runtime.reconciliation.scenarios import fail, in_line, serving
from tests.runtime.twins.world import TEMPLATE


def test_six_hundred_events_are_one_plan() -> None:
    world = serving(1)
    world.group.scale(600)
    sent = world.clock.now()
    tasks = len(world.twin.tasks)
    world.clock.restart()
    outcomes = [
        world.reconciler().reconcile(world.config, Hint(sent, frozenset({"aws.autoscaling"}), backlog=True))
        for _ in range(60)
    ]
    assert outcomes == [Outcome.CHANGED] + [Outcome.SUPERSEDED] * 59
    assert len(world.twin.tasks) == tasks + 1
    assert in_line(world)


def test_a_hint_sent_after_the_last_look_is_never_superseded() -> None:
    world = serving(1)
    world.group.scale(2)
    assert world.reconcile() is Outcome.CHANGED
    world.group.scale(3)
    assert world.reconcile() is Outcome.CHANGED
    assert in_line(world)


def test_an_operators_hint_is_not_superseded_by_a_look_that_did_not_know_of_it() -> None:
    world = serving(1)
    world.twin.items[TEMPLATE]["username"] = "new"
    sent = world.clock.now()
    world.clock.sleep(5)
    world.clock.restart()
    world.reconciler().reconcile(world.config, Hint(world.clock.now(), backlog=True))
    assert world.reconciler().reconcile(world.config, Hint(sent)) is Outcome.SUPERSEDED
    outcome = world.reconciler().reconcile(world.config, Hint(sent, frozenset({"operator"})))
    assert outcome is Outcome.UNCHANGED
    assert world.report.metrics["HostsDrifted"] == 1


def test_a_run_that_failed_supersedes_nothing() -> None:
    world = serving(1)
    world.group.scale(2)
    world.twin.faults.append(lambda method, path, phase: fail(Unavailable(method, path, 503, phase)))
    sent = world.clock.now()
    with pytest.raises(Retry):
        world.reconcile()
    world.twin.faults.clear()
    world.clock.sleep(100)
    world.clock.restart()
    assert world.reconciler().reconcile(world.config, Hint(sent)) is Outcome.CHANGED
