"""Instances that leave, and what holds their hosts."""

from __future__ import annotations

from tests.runtime.reconciliation.scenarios import in_line, serving
from tests.runtime.twins.world import ENVIRONMENT


def test_without_the_right_to_skip_steps_a_dead_host_is_edited_out() -> None:
    world = serving(3)
    world.twin.skippable = False
    world.group.die(min(world.group.instances))
    world.group.converge()
    for _ in range(3):
        world.reconcile()
    assert in_line(world)
    assert [t.state for t in world.twin.tasks.values() if t.state == "FAILED"] == []


def test_a_machine_that_dies_while_it_is_undeployed_is_forgotten() -> None:
    world = serving(2)
    leaving = min(world.group.instances)
    world.group.terminate(leaving)
    world.group.desired = 1

    def die(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("POST", "after") and path.endswith("/start"):
            world.twin.faults.clear()
            world.group.instances[leaving].state = "terminated"

    world.twin.faults.append(die)
    world.reconcile()
    assert world.hosts() == world.joined() == set(world.group.instances) - {leaving}


def test_a_machine_that_dies_under_its_deployment_is_not_held_against_the_version() -> None:
    world = serving(1)
    world.group.scale(3)
    victim = max(world.group.instances)

    def die(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("POST", "after") and path.endswith("/start"):
            world.twin.faults.clear()
            world.group.die(victim)
            world.group.converge()

    world.twin.faults.append(die)
    world.reconcile()
    world.reconcile()
    assert in_line(world)
    assert len(world.group.instances) == 3
    assert "InstancesAbandoned" not in world.report.metrics


def test_a_host_that_something_else_refers_to_is_held_and_named() -> None:
    world = serving(2)
    host = world.config.host_id(min(world.group.instances))
    world.twin.put("Environments/people", "udm.Environment", members=[host])
    world.group.terminate(min(world.group.instances))
    world.group.desired = 1
    world.reconcile()
    assert host in world.twin.items
    assert host not in world.twin.members(ENVIRONMENT)
    assert world.report.metrics["RemovalsHeld"] == 1
    world.twin.items["Environments/people"]["members"] = []
    world.reconcile("schedule")
    assert host not in world.twin.items
