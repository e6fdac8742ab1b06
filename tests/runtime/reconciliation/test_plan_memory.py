"""What a plan makes of what is remembered: failures, tries to undeploy, applications of a group at zero."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.reconciliation.memory import Failure, Memory
from runtime.reconciliation.model import Machine
from runtime.reconciliation.plan import plan, unclear
from tests.runtime.reconciliation.test_plan import APPLICATION, CONFIG, NOW, VERSION, deployed, seen


@pytest.mark.parametrize(
    ("attempts", "dead", "forgotten"), [(0, False, False), (1, True, False), (2, True, True), (3, True, True)]
)
def test_undeploying_is_tried_once_then_skipped_then_edited_out(
    attempts: int, dead: bool, forgotten: bool
) -> None:
    observed = deployed(seen("Terminating:Wait", registered=(0,), joined=(0,)), 0)
    (rollout,) = plan(CONFIG, observed, Memory(undeploys={"i-0": attempts})).rollouts
    assert (rollout.dead == {"i-0"}, rollout.forgotten == {"i-0"}) == (dead, forgotten)


def test_ec2_is_asked_whether_a_machine_that_failed_is_still_starting() -> None:
    observed = deployed(seen("InService", registered=(0,), joined=(0,)))
    assert unclear(CONFIG, observed, Memory()) == frozenset()
    failed = Memory(failures={APPLICATION: {"i-0": Failure(VERSION, 1, NOW + 60)}})
    assert unclear(CONFIG, observed, failed) == {"i-0"}


def test_a_dead_machine_without_address_is_not_waited_for() -> None:
    observed = replace(seen("Pending:Wait"), machines={"i-0": Machine("", "terminated")})
    assert plan(CONFIG, observed, Memory()).retry_after is None


def test_only_a_machine_that_is_starting_is_waited_for_by_the_second() -> None:
    observed = deployed(seen("InService", registered=(0,), joined=(0,)))
    waits = [
        plan(
            CONFIG, observed, Memory(failures={APPLICATION: {"i-0": Failure(VERSION, count, NOW + 7)}})
        ).retry_after
        for count in (0, 1)
    ]
    assert waits == [7, None]


def test_a_remembered_application_comes_back_only_where_deploy_has_dropped_it() -> None:
    memory = Memory(remembered={APPLICATION: VERSION})
    dropped = seen("Pending:Wait", registered=(0,), joined=(0,))
    assert [r.initial for r in plan(CONFIG, dropped, memory).rollouts] == [True]
    assert [r.initial for r in plan(CONFIG, deployed(dropped), memory).rollouts] == [False]


def test_nobody_is_let_in_before_the_remembered_applications_are_back() -> None:
    observed = seen("Pending:Wait", registered=(0,), joined=(0,))
    assert [r.result for r in plan(CONFIG, observed, Memory()).releases] == ["CONTINUE"]
    assert plan(CONFIG, observed, Memory(remembered={APPLICATION: VERSION})).releases == ()
