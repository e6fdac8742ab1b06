"""What comes back to a group that was at zero, where the server drops an application with its last host."""

from __future__ import annotations

import pytest

from runtime.deploy.errors import Unreachable
from runtime.reconciliation.errors import Retry
from runtime.reconciliation.reconciler import Outcome
from tests.runtime.reconciliation.scenarios import SHOP, in_line, release, serving
from tests.runtime.twins.world import ENVIRONMENT, World


@pytest.fixture
def zero() -> World:
    """A group at zero that had two applications."""
    world = serving(1, "shop", "search")
    world.twin.zero = "drop"
    world.group.scale(0)
    world.reconcile()
    assert SHOP not in world.twin.items
    return world


@pytest.mark.parametrize("call", ["archive", "look"])
def test_an_application_comes_back_although_the_end_of_its_last_task_was_not_told(call: str) -> None:
    world = serving(1)
    world.twin.zero = "drop"
    world.group.scale(0)
    gone = iter([True])

    def fault(method: str, path: str, phase: str) -> None:
        archived = any(
            task.state == "DONE" and task.owner == "reconciler" for task in world.twin.tasks.values()
        )
        wanted = path.endswith("/archive") if call == "archive" else archived and method == "GET"
        if wanted and phase == "before" and next(gone, False):
            raise Unreachable(method, path, None, "Connection reset")

    world.twin.faults.append(fault)
    with pytest.raises(Retry, match="Connection reset"):
        world.reconcile()
    world.twin.faults.clear()
    world.reconcile()
    assert world.hosts() == set()
    assert SHOP not in world.twin.items
    assert {task.state for task in world.twin.tasks.values() if task.owner == "reconciler"} == {"DONE"}
    world.group.scale(1)
    world.reconcile()
    assert in_line(world)
    assert SHOP in world.twin.items


def test_a_version_that_somebody_has_deleted_meanwhile_keeps_nothing_else_out(zero: World) -> None:
    for ci_id in [i for i in zero.twin.items if i.startswith("Applications/shop/1.0")]:
        del zero.twin.items[ci_id]
    zero.group.scale(1)
    assert zero.reconcile() is Outcome.CHANGED
    assert in_line(zero)
    assert SHOP not in zero.twin.items
    assert f"{ENVIRONMENT}/search" in zero.twin.items
    (told,) = (fields for line, fields in zero.report.lines if line == "an application cannot come back")
    assert told["version"] == "Applications/shop/1.0"
    zero.group.scale(2)
    zero.reconcile()
    assert in_line(zero)


def test_what_a_person_releases_at_the_return_and_undeploys_later_does_not_bring_back_the_old(
    zero: World,
) -> None:
    zero.group.scale(1)
    zero.twin.task_seconds = 600
    zero.twin.person_deploys(zero.twin.package("other", "1.0"), ENVIRONMENT)
    zero.reconcile(budget=30)  # the host joins, and waits for the task
    zero.twin.task_seconds = 1
    release(zero, "shop", "2.0")
    zero.clock.sleep(700)
    while zero.reconcile() is Outcome.CONTINUED:
        pass
    assert zero.twin.items[SHOP]["version"] == "Applications/shop/2.0"
    zero.twin.person_undeploys(SHOP)
    zero.clock.sleep(5)
    zero.twin.settle_tasks()
    zero.group.scale(2)
    zero.reconcile()
    assert SHOP not in zero.twin.items
    assert in_line(zero)
