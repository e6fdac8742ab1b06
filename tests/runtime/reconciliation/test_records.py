"""What is counted, told and remembered."""

from __future__ import annotations

from tests.runtime.reconciliation.scenarios import serving


def test_schedules_that_repair_something_say_so() -> None:
    world = serving(1)
    world.group.scale(2)
    world.reconcile("schedule")
    assert world.report.metrics["ScheduleRepairs"] == 1
    world.reconcile("schedule")
    assert world.report.metrics["ScheduleRepairs"] == 1


def test_the_story_of_an_instance_is_kept() -> None:
    world = serving(1)
    world.group.scale(2)
    world.reconcile()
    instance_id = max(world.group.instances)
    world.group.scale(0)
    world.reconcile()
    assert [(event, detail) for i, event, detail in world.ledger.notes if i == instance_id] == [
        ("seen", "Pending:Wait without a host"),
        ("registered", world.config.host_id(instance_id)),
        ("deployed", "Applications/shop/1.0"),
        ("continue", "every application is verified"),
        ("continue", "nothing is left on it"),
        ("removed", "Terminating:Wait"),
    ]


def test_memory_does_not_grow_with_the_instances_that_have_come_and_gone() -> None:
    world = serving(1)
    sizes = []
    for _ in range(5):
        world.group.scale(5)
        world.reconcile()
        world.group.scale(1)
        world.reconcile()
        world.reconcile("schedule")
        sizes.append(len(str(world.ledger.memories["web"])))
    assert max(sizes[1:]) - min(sizes[1:]) < 20
