"""What comes back to a group that was at zero, where the server drops an application with its last host."""

from __future__ import annotations

import pytest

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
