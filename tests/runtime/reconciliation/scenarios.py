"""A group in which everything is in line, and what befalls it: shared by the tests of whole runs."""

from __future__ import annotations

from runtime.reconciliation.errors import Retry
from tests.runtime.twins.world import ENVIRONMENT, World, config

SHOP = f"{ENVIRONMENT}/shop"


class Killed(BaseException):
    """The function's process ends."""


def serving(instances: int = 1, *applications: str, **changes: object) -> World:
    """Return a world in which applications are deployed and everything is in line."""
    world = World(config(**changes))
    world.group.scale(instances)
    world.reconcile()
    for application in applications or ("shop",):
        release(world, application, "1.0")
    world.reconcile()
    return world


def after_failures(*, scale: int, runs: int) -> World:
    """Return a world that was scaled while the application's version fails, and was looked at so often."""
    world = serving(1)
    world.twin.broken.add("Applications/shop/1.0")
    world.group.scale(scale)
    for _ in range(runs):
        with_retries(world)
    return world


def release(world: World, application: str, version: str) -> str:
    """Release as a person does, and let it end."""
    task = world.twin.person_deploys(world.twin.package(application, version), ENVIRONMENT)
    world.clock.sleep(world.twin.task_seconds + 1)
    world.twin.settle_tasks()
    return task


def in_line(world: World) -> bool:
    """Tell whether every instance is in service with everything, and nothing else is there."""
    expected = {
        f"{world.config.host_id(i)}/{item['id'].rpartition('/')[2]}-file"
        for i in world.group.instances
        for item in world.twin.items.values()
        if item["type"] == "udm.DeployedApplication"
    }
    deployeds = {
        d
        for item in world.twin.items.values()
        if item["type"] == "udm.DeployedApplication"
        for d in item["deployeds"]
    }
    return (
        set(world.states().values()) <= {"InService"}
        and world.hosts() == world.joined() == set(world.group.instances)
        and deployeds == expected
    )


def installs(world: World, owner: str = "reconciler") -> list[str]:
    """Return the hosts on which our tasks have installed something, with repetitions."""
    return [
        step.deployed
        for task in world.twin.tasks.values()
        if task.owner == owner
        for step in task.steps
        if step.kind == "install" and step.state == "DONE"
    ]


def fail(error: Exception) -> None:
    raise error


def with_retries(world: World) -> None:
    try:
        world.reconcile()
    except Retry as retry:
        world.clock.sleep(retry.after or 5)
