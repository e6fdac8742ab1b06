"""Instances that leave, and what holds their hosts."""

from __future__ import annotations

from tests.runtime.reconciliation.scenarios import SHOP, in_line, serving
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


def test_a_machine_that_has_served_again_is_undeployed_anew() -> None:
    """Its last undeploy failed, and its steps were skipped: that was another stay in the group."""
    world = serving(2)
    back = min(world.group.instances)
    host = world.config.host_id(back)
    instance = world.group.instances[back]
    instance.lifecycle, world.group.desired = "Warmed:Pending:Wait", 1
    world.twin.deaf.add(host)
    world.reconcile()
    assert world.states()[back] == "Warmed:Stopped"
    world.twin.deaf.clear()
    instance.lifecycle, instance.state, world.group.desired = "InService", "running", 2
    world.reconcile()
    assert in_line(world)
    world.group.terminate(back)
    world.group.desired = 1
    world.reconcile()
    assert world.twin.installed[host] == {}
    assert in_line(world)


def test_a_host_that_is_registered_anew_is_not_held_to_what_befell_the_last() -> None:
    world = serving(1, on_failure="CONTINUE")
    world.group.scale(2)
    failed = max(world.group.instances)
    host = world.config.host_id(failed)
    world.twin.sick.add(host)
    world.reconcile()
    assert set(world.states().values()) == {"InService"}
    assert world.ledger.load("web").failures[SHOP].keys() == {failed}
    world.twin.sick.clear()
    world.twin.items[ENVIRONMENT]["members"].remove(host)
    for ci_id in [i for i in world.twin.items if i.startswith(host)]:
        del world.twin.items[ci_id]
    world.reconcile()
    assert in_line(world)
