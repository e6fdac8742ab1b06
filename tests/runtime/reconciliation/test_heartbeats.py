"""Instances that wait for us are kept, whatever stands in the way of their deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runtime.deploy.errors import Forbidden, Untrusted
from runtime.reconciliation.errors import Fatal, ReconciliationError, Retry
from runtime.reconciliation.reconciler import Outcome
from tests.runtime.reconciliation.scenarios import in_line, serving
from tests.runtime.twins.world import ENVIRONMENT, FOREIGN, TEMPLATE, World

if TYPE_CHECKING:
    from collections.abc import Callable


def without_template(world: World) -> Callable[[], None]:
    template = world.twin.items.pop(TEMPLATE)
    return lambda: world.twin.items.update({TEMPLATE: template})


def failing(error: type[Exception], *where: str) -> Callable[[World], Callable[[], None]]:
    def begin(world: World) -> Callable[[], None]:
        def fault(method: str, path: str, _phase: str) -> None:
            if not where or (method, path) == where:
                raise error(method, path, None, "the certificate is not trusted: certificate has expired")

        world.twin.faults.append(fault)
        return world.twin.faults.clear

    return begin


def without_secret(world: World) -> Callable[[], None]:
    def fault(_method: str, _path: str, _phase: str) -> None:
        raise Fatal("secret deploy/credentials cannot be read")

    world.twin.faults.append(fault)
    return world.twin.faults.clear


@pytest.mark.parametrize("source", ["schedule", "operator"])
@pytest.mark.parametrize(
    "begin",
    [
        without_template,
        without_secret,
        failing(Untrusted),
        failing(Forbidden, "POST", "/repository/cis"),
        failing(Forbidden, "POST", "/deployment"),
    ],
    ids=["no template", "no credentials", "no trust", "no host", "no task"],
)
def test_what_only_a_person_can_mend_gives_up_no_instance(
    begin: Callable[[World], Callable[[], None]], source: str
) -> None:
    world = serving(1)
    world.group.hook_seconds = 360  # the shortest that a Gate takes
    world.group.scale(2)
    waiting = max(world.group.instances)
    end = begin(world)
    world.clock.sleep(120)  # in the queue
    world.group.converge()
    for _ in range(10):
        with pytest.raises(Fatal):
            world.reconcile(source)
        world.clock.sleep(300)
        world.group.converge()
    assert world.states()[waiting] == "Pending:Wait"
    end()
    world.reconcile("schedule")
    assert in_line(world)


def test_the_reason_of_a_failed_run_outlasts_a_failure_of_its_heartbeats() -> None:
    world = serving(1)
    world.group.scale(2)
    failing(Untrusted)(world)

    def away(_call: str) -> None:
        raise ConnectionError

    world.group.faults.append(lambda call: away(call) if call == "heartbeat" else None)
    for _ in range(2):
        with pytest.raises(ReconciliationError, match="certificate has expired"):
            world.reconcile("schedule")
        world.clock.sleep(100)


def test_an_instance_that_is_ready_is_kept_while_somebody_elses_task_holds_it() -> None:
    """It is not let into service beside the task; nor is it given up because that stays open for hours."""
    world = serving(0)
    world.group.hook_seconds = 400
    world.twin.items[ENVIRONMENT]["members"] = [FOREIGN]
    world.twin.broken.add("Applications/shop/1.0")
    task = world.twin.person_deploys(world.twin.package("shop", "1.0"), ENVIRONMENT)
    world.clock.sleep(world.twin.task_seconds + 1)
    world.twin.settle_tasks()
    world.group.scale(1)
    (waiting,) = world.group.instances
    for _ in range(10):
        assert world.reconcile("schedule") is Outcome.CONTINUED
        world.clock.sleep(240)
        world.group.converge()
    assert world.states() == {waiting: "Pending:Wait"}
    world.twin.broken.clear()
    world.twin._cancel(world.twin.tasks[task])
    world.reconcile("schedule")
    assert world.states() == {waiting: "InService"}
    assert world.group.refused == []


def test_an_instance_is_kept_while_there_is_nothing_to_do_but_to_wait() -> None:
    world = serving(1)
    world.group.hook_seconds = 360
    environment = world.twin.items.pop(ENVIRONMENT)
    (leaving,) = world.group.instances
    world.group.scale(0)
    world.clock.sleep(120)
    for _ in range(10):
        with pytest.raises(Retry, match="not ready yet"):
            world.reconcile("schedule")
        world.clock.sleep(300)
        world.group.converge()
    assert world.states()[leaving] == "Terminating:Wait"
    world.twin.items[ENVIRONMENT] = environment
    world.reconcile("schedule")
    assert in_line(world)
