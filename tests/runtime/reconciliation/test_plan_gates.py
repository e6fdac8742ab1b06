"""What a plan does about instances that wait: who is let in, who is given up, who is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runtime.reconciliation.config import Hooks
from runtime.reconciliation.memory import Breaker, Failure, Memory
from runtime.reconciliation.model import Machine
from runtime.reconciliation.plan import plan
from tests.runtime.reconciliation.looks import APPLICATION, CONFIG, NOW, VERSION, deployed, seen

if TYPE_CHECKING:
    from runtime.reconciliation.actions import Plan


def failing(count: int, *, on_failure: str = "ABANDON", breaker: int = 1) -> Plan:
    observed = deployed(seen("Pending:Wait", registered=(0,), joined=(0,)))
    memory = Memory(failures={APPLICATION: {"i-0": Failure(VERSION, count, NOW + 60, "exit code 1")}})
    memory.breakers[APPLICATION] = Breaker(VERSION, breaker)
    return plan(replace(CONFIG, on_failure=on_failure), observed, memory)


@pytest.mark.parametrize("result", ["ABANDON", "CONTINUE"])
def test_a_failed_instance_is_given_up_by_policy(result: str) -> None:
    found = failing(1, on_failure=result)
    assert [(r.result, r.reason) for r in found.releases] == [(result, "shop: exit code 1")]


def test_an_open_breaker_keeps_the_instance_and_says_so() -> None:
    found = failing(1, breaker=3)
    assert found.releases == ()
    assert [h.instance for h in found.heartbeats] == ["i-0"]
    assert [h.metric for h in found.holds] == ["BreakersOpen"]


def test_a_failure_of_a_starting_machine_does_not_count() -> None:
    found = failing(0)
    assert found.releases == ()
    assert found.retry_after == 60


def test_a_failed_host_is_left_alone_for_a_while() -> None:
    assert failing(1).rollouts == ()


def test_a_new_version_is_tried_at_once_with_a_closed_breaker() -> None:
    observed = deployed(seen("Pending:Wait", registered=(0,), joined=(0,)), version="Applications/shop/2.0")
    memory = Memory(failures={APPLICATION: {"i-0": Failure(VERSION, 3, NOW + 900)}})
    memory.breakers[APPLICATION] = Breaker(VERSION, 3)
    found = plan(CONFIG, observed, memory)
    assert [r.arriving for r in found.rollouts] == [{"i-0"}]
    assert found.holds == ()


def test_without_hooks_of_ours_nobody_is_released() -> None:
    observed = seen("Pending:Wait", "Terminating:Wait", registered=(0, 1), joined=(0,))
    found = plan(replace(CONFIG, hooks=Hooks()), observed, Memory())
    assert not found.releases
    assert not found.heartbeats


def test_a_wait_that_was_ended_is_not_ended_again() -> None:
    observed = seen("Pending:Wait", registered=(0,), joined=(0,))
    assert plan(CONFIG, observed, Memory(completed={"i-0": "Pending:Wait"})).releases == ()


def test_in_the_warm_pool_either_hook_may_hold_an_instance() -> None:
    found = plan(CONFIG, seen("Warmed:Pending:Wait", registered=(0,)), Memory())
    assert [r.hooks for r in found.releases] == [("deploy", "undeploy")]


def test_nobody_enters_the_warm_pool_without_a_host() -> None:
    without_address = replace(seen("Warmed:Pending:Wait"), machines={"i-0": Machine("", "pending")})
    found = plan(CONFIG, without_address, Memory())
    assert found.releases == ()
    assert [h.instance for h in found.heartbeats] == ["i-0"]
