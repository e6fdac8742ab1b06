"""Long work, and runs that end before their work does."""

from __future__ import annotations

import pytest

from runtime.deploy.errors import Unreachable
from runtime.reconciliation.reconciler import Outcome
from tests.runtime.reconciliation.scenarios import Killed, in_line, installs, release, serving


@pytest.mark.parametrize("state", ["PENDING", "FAILED", "STOPPED"])
def test_a_task_of_a_lost_run_that_a_release_has_overtaken_holds_nothing_up(state: str) -> None:
    world = serving(1)
    world.group.scale(2)
    world.twin.broken.add("Applications/shop/1.0")

    def killed(_method: str, path: str, phase: str) -> None:
        started = path.endswith("/start")
        if started and phase == ("before" if state == "PENDING" else "after"):
            raise Killed

    world.twin.faults.append(killed)
    with pytest.raises(Killed):
        world.reconcile()
    world.twin.faults.clear()
    world.clock.sleep(60)
    world.twin.settle_tasks()
    (ours,) = (t for t in world.twin.tasks.values() if t.owner == "reconciler" and t.state != "DONE")
    if state == "STOPPED":
        ours.state = state
    assert ours.state == state
    release(world, "shop", "2.0")
    world.ledger.lose()
    world.reconcile("schedule")
    left = {task.state for task in world.twin.tasks.values() if task.owner == "reconciler"}
    assert left <= {"DONE", "CANCELLED"}
    assert in_line(world)


def test_a_lost_ledger_costs_a_look_and_no_task() -> None:
    world = serving(3, "shop", "search")
    tasks = len(world.twin.tasks)
    world.ledger.lose()
    assert world.reconcile() is Outcome.UNCHANGED
    assert len(world.twin.tasks) == tasks
    assert in_line(world)
    calls = len(world.twin.calls)
    world.reconcile()
    assert len(world.twin.calls) == calls + 3


def test_a_task_longer_than_the_function_is_one_task() -> None:
    world = serving(1)
    world.twin.task_seconds = 300
    world.group.scale(2)
    tasks = len(world.twin.tasks)
    outcomes = [world.reconcile(budget=60)]
    while outcomes[-1] is Outcome.CONTINUED:
        world.clock.sleep(30)
        outcomes.append(world.reconcile("reconciler", budget=60))
    assert len(outcomes) > 3
    assert len(world.queue.hints) == len(outcomes) - 1
    assert len(world.twin.tasks) == tasks + 1
    assert world.group.beats
    assert in_line(world)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("forgetful", [False, True])
def test_a_handler_killed_at_any_call_resumes_without_double_work(phase: str, forgetful: bool) -> None:
    for number in range(60):
        world = serving(2, "shop", "search")
        world.group.scale(4)
        world.group.terminate(min(world.group.instances))
        seen = 0

        def kill(method: str, path: str, now: str, number: int = number) -> None:
            nonlocal seen
            del method, path
            seen += now == phase
            if now == phase and seen == number + 1:
                raise Killed

        world.twin.faults.append(kill)
        try:
            world.reconcile()
        except Killed:
            world.twin.faults.clear()
            if forgetful:
                world.ledger.lose()
            world.reconcile()
        else:
            break
        while not in_line(world):
            world.clock.sleep(60)
            world.reconcile("schedule")
        assert len(installs(world)) == len(set(installs(world))), f"killed at call {number}"
        started = [t for t in world.twin.tasks.values() if t.state not in {"PENDING", "CANCELLED"}]
        assert not [t for t in started if t.state == "EXECUTING"]
    assert number > 20


def test_a_create_whose_answer_is_lost_is_not_made_again() -> None:
    world = serving(1)
    world.group.scale(2)
    tasks = len(world.twin.tasks)

    def cut(method: str, path: str, phase: str) -> None:
        if (method, path, phase) == ("POST", "/deployment", "after"):
            world.twin.faults.clear()
            raise Unreachable(method, path, None, "cut")

    world.twin.faults.append(cut)
    assert world.reconcile() is Outcome.CHANGED
    assert len(world.twin.tasks) == tasks + 1
    assert in_line(world)


def test_a_host_that_a_release_has_touched_unseen_is_checked_before_it_serves() -> None:
    """A run's time ends; its task ends well; then a release fails half-way, and is cancelled at once."""
    world = serving(2)
    world.twin.task_seconds = 20
    world.twin.backwards = True
    entered = []
    world.group.entered = lambda instance: entered.append(
        world.twin.installed[world.config.host_id(instance)]["shop-file"]
    )
    world.group.scale(3)
    assert world.reconcile(budget=20) is Outcome.CONTINUED
    world.clock.sleep(60)
    world.twin.sick.add(world.config.host_id(min(world.group.instances)))
    task = world.twin.tasks[release(world, "shop", "2.0")]
    assert task.state == "FAILED"
    world.twin._cancel(task)
    world.twin.sick.clear()
    assert world.twin.installed[world.config.host_id(max(world.group.instances))] == {
        "shop-file": "Applications/shop/2.0"
    }
    world.reconcile()
    assert entered == ["Applications/shop/1.0"]
