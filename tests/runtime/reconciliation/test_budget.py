"""What a run costs: calls to Deploy besides polling, and calls to AWS."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from runtime.reconciliation.hint import Hint
from runtime.reconciliation.reconciler import Outcome
from tests.runtime.twins.world import ENVIRONMENT, World

POLL = re.compile(r"GET /tasks/v2/[^/]+")


@dataclass(frozen=True)
class Cost:
    deploy: int
    tasks: int
    aws: int


def prepared(applications: int, instances: int = 1) -> World:
    """Return a world with applications deployed and verified on some instances."""
    world = World()
    world.group.scale(instances)
    world.reconcile()
    for number in range(applications):
        world.twin.person_deploys(world.twin.package(f"app{number}", "1.0"), ENVIRONMENT)
        world.clock.sleep(5)
    world.twin.settle_tasks()
    world.reconcile()
    return world


def cost_of_run(world: World, *sources: str) -> Cost:
    world.twin.calls.clear()
    world.group.calls.clear()
    tasks = len(world.twin.tasks)
    world.reconcile(*sources)
    calls = [call for call in world.twin.calls if not POLL.fullmatch(call)]
    return Cost(len(calls), len(world.twin.tasks) - tasks, len(world.group.calls))


@pytest.mark.parametrize(("applications", "instances"), [(0, 0), (1, 1), (10, 50)])
def test_a_look_that_finds_nothing_to_do_costs_three_calls_and_one_to_aws(
    applications: int, instances: int
) -> None:
    world = prepared(applications, instances)
    saves = world.ledger.saves
    assert cost_of_run(world) == Cost(deploy=3, tasks=0, aws=1)
    assert world.ledger.saves == saves


def test_a_superseded_hint_costs_nothing() -> None:
    world = prepared(1)
    world.twin.calls.clear()
    world.group.calls.clear()
    outcome = world.reconciler().reconcile(world.config, Hint(world.clock.now() - 60))
    assert outcome is Outcome.SUPERSEDED
    assert world.twin.calls == world.group.calls == []


@pytest.mark.parametrize(("instances", "applications", "calls"), [(1, 1, 20), (1, 3, 32), (100, 3, 32)])
def test_a_burst_costs_a_task_and_six_calls_per_application_and_fourteen_besides(
    instances: int, applications: int, calls: int
) -> None:
    world = prepared(applications)
    world.group.scale(1 + instances)
    cost = cost_of_run(world)
    assert (cost.tasks, cost.deploy) == (applications, calls)
    assert calls == 14 + 6 * applications
    assert set(world.states().values()) == {"InService"}


def test_the_end_of_a_wait_needs_no_further_look() -> None:
    world = prepared(0)
    world.group.scale(2)
    cost_of_run(world)
    assert world.group.calls == ["describe", "machines", "describe", "complete"]
    sent = world.clock.now()
    outcome = world.reconciler().reconcile(world.config, Hint(sent - 2))
    assert outcome is Outcome.SUPERSEDED


def test_a_leaving_instance_costs_a_task_and_no_validation() -> None:
    world = prepared(1, instances=2)
    world.group.scale(1)
    cost = cost_of_run(world)
    assert (cost.tasks, cost.deploy) == (1, 19)
    assert "POST /deployment/validate" not in world.twin.calls


@pytest.mark.parametrize("applications", [1, 3])
def test_calls_do_not_grow_with_instances_but_for_batches(applications: int) -> None:
    few, many = prepared(applications), prepared(applications)
    few.group.scale(11)
    many.group.scale(1001)
    batches = 10 - 1
    assert cost_of_run(many).deploy - cost_of_run(few).deploy == batches
