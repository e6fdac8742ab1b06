"""How tasks of ours are made, started and bounded, call by call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runtime.deploy.client import DeployClient
from runtime.deploy.errors import Refused, Unreachable
from runtime.reconciliation.errors import Retry
from runtime.reconciliation.hint import Hint
from runtime.reconciliation.reconciler import Outcome
from runtime.reconciliation.rollouts import SIDE_BY_SIDE
from tests.runtime.reconciliation.scenarios import SHOP, Killed, in_line, release, serving
from tests.runtime.twins.world import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runtime.twins.world import World


def once(world: World, method: str, ending: str, phase: str, act: Callable[[], object]) -> None:
    """Let something happen at the first call of a kind, before or after the server has done it."""

    def fault(called: str, path: str, at: str) -> None:
        if (called, at) == (method, phase) and path.endswith(ending):
            world.twin.faults.clear()
            act()

    world.twin.faults.append(fault)


def of_ours(world: World, state: str) -> int:
    """Return how many tasks of ours are in a state."""
    return sum(task.owner == "reconciler" and task.state == state for task in world.twin.tasks.values())


def test_a_group_has_few_tasks_at_a_time() -> None:
    world = serving(1, *"abcdef")
    world.twin.task_seconds = 30
    running: list[int] = []

    def watch(_method: str, path: str, phase: str) -> None:
        if path.endswith("/start") and phase == "after":
            running.append(of_ours(world, "EXECUTING"))

    world.twin.faults.append(watch)
    world.group.scale(2)
    world.reconcile()
    assert in_line(world)
    assert (len(running), max(running)) == (6, SIDE_BY_SIDE)


def test_a_release_that_runs_when_we_are_about_to_start_is_not_started_beside() -> None:
    world = serving(1)
    world.twin.task_seconds = 100
    world.group.scale(2)
    version = world.twin.package("shop", "2.0")
    once(world, "POST", "/deployment", "after", lambda: world.twin.person_deploys(version, ENVIRONMENT))
    while world.reconcile() is Outcome.CONTINUED:
        pass
    assert world.twin.beside == []
    assert in_line(world)


def test_a_release_that_has_halted_when_we_are_about_to_start_is_not_started_beside() -> None:
    world = serving(1)
    world.twin.broken.add("Applications/shop/2.0")
    world.group.scale(2)
    once(world, "POST", "/deployment", "after", lambda: release(world, "shop", "2.0"))
    world.reconcile()
    assert world.twin.beside == []
    assert of_ours(world, "PENDING") == 0


def test_a_persons_task_that_looks_like_the_one_that_was_lost_is_not_taken_for_it() -> None:
    world = serving(1)
    theirs = DeployClient(world.twin.transport("amy")).deployments  # type: ignore[arg-type] # stands in for it
    other = theirs.create(theirs.prepare_update("Applications/shop/1.0", SHOP))
    world.group.scale(2)

    def lost() -> None:
        raise Unreachable("POST", "/deployment", None, "cut")

    once(world, "POST", "/deployment", "before", lost)
    with pytest.raises(Retry, match="cut"):
        world.reconcile()
    assert world.twin.tasks[other].state == "PENDING"


def test_a_task_that_deploy_refuses_to_make_does_not_keep_the_others_out() -> None:
    world = serving(1, "a", "b")
    world.group.scale(2)

    def refuse() -> None:
        raise Refused("POST", "/deployment", 400, "no orchestrator of that name")

    once(world, "POST", "/deployment", "before", refuse)
    with pytest.raises(Retry, match="no orchestrator of that name"):
        world.reconcile()
    assert [len(world.twin.deployeds(f"{ENVIRONMENT}/{name}")) for name in "ab"] == [1, 2]


def test_a_task_that_was_made_and_never_started_is_cancelled() -> None:
    world = serving(1)
    world.group.scale(2)

    def die() -> None:
        raise Killed

    once(world, "POST", "/start", "before", die)
    with pytest.raises(Killed):
        world.reconcile()
    assert of_ours(world, "PENDING") == 1
    world.reconcile()
    assert of_ours(world, "PENDING") == 0
    assert in_line(world)


def test_a_task_is_on_record_before_it_can_do_anything() -> None:
    world = serving(1)
    world.group.scale(2)
    recorded: list[list[str]] = []
    once(world, "POST", "/start", "before", lambda: recorded.append(list(world.ledger.load("web").tasks)))
    world.reconcile()
    assert recorded == [[list(world.twin.tasks)[-1]]]


def test_a_schedule_that_comes_with_an_event_has_repaired_nothing() -> None:
    world = serving(1)
    world.group.scale(2)
    world.reconcile("schedule", "aws.autoscaling")
    assert in_line(world)
    assert "ScheduleRepairs" not in world.report.metrics


def test_a_look_that_left_something_to_do_supersedes_nothing() -> None:
    world = serving(1)
    before = world.ledger.load("web").observed
    environment = world.twin.items.pop(ENVIRONMENT)
    world.clock.sleep(60)
    world.clock.restart()
    # More messages wait in the queue, so what this look could supersede would be kept.
    with pytest.raises(Retry):
        world.reconciler().reconcile(world.config, Hint(world.clock.now(), backlog=True))
    assert world.ledger.load("web").observed == before
    world.twin.items[ENVIRONMENT] = environment
    world.clock.restart()
    world.reconciler().reconcile(world.config, Hint(world.clock.now(), backlog=True))
    assert world.ledger.load("web").observed > before


def test_a_short_task_after_long_ones_is_not_waited_for_as_they_were() -> None:
    """Looks at running tasks grow rare; a task that takes another's place is looked at closely again."""
    world = serving(1, "a", "b", "c", "d", "e")
    world.group.scale(2)
    world.twin.task_seconds = 60
    started: list[str] = []

    def fault(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("POST", "before") and path.endswith("/start"):
            started.append(path)
            if len(started) == 5:
                world.twin.task_seconds = 1

    world.twin.faults.append(fault)
    world.reconcile()
    assert in_line(world)
    last = max(task.done_at for task in world.twin.tasks.values())
    assert len(started) == 5
    assert world.clock.now() - last < 1
