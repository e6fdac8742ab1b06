"""What a plan makes of what is remembered: failures, tries to undeploy, applications of a group at zero."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runtime.reconciliation.memory import Breaker, Failure, Memory, OpenTask, Verified, Wait
from runtime.reconciliation.model import Application, Machine
from runtime.reconciliation.plan import plan, unclear
from tests.runtime.reconciliation.looks import APPLICATION, CONFIG, NOW, VERSION, deployed, seen
from tests.runtime.twins.world import ENVIRONMENT

if TYPE_CHECKING:
    from runtime.reconciliation.model import Observed


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


def two_applications(*lifecycles: str) -> Observed:
    """Return a look at instances that lack two applications, of which the base is declared to come first."""
    numbers = tuple(range(len(lifecycles)))
    observed = seen(*lifecycles, registered=numbers, joined=numbers)
    names = ("base", "shop")
    return replace(
        observed, applications=tuple(Application(f"{ENVIRONMENT}/{n}", f"Applications/{n}/1") for n in names)
    )


def base_failed(retry_at: float) -> Memory:
    return Memory(
        failures={f"{ENVIRONMENT}/base": {"i-0": Failure("Applications/base/1", 1, retry_at, "exit code 1")}}
    )


@pytest.mark.parametrize("later", ["deployed", "returning"])
def test_nothing_comes_onto_a_host_before_what_is_declared_to_be_there_first(later: str) -> None:
    settings = replace(CONFIG, order=("base",))
    observed, memory = two_applications("InService", "InService"), base_failed(NOW + 60)
    if later == "returning":
        observed = replace(observed, applications=observed.applications[:1])
        memory.remembered[f"{ENVIRONMENT}/shop"] = "Applications/shop/1"
    found = {r.application.name: r.arriving for r in plan(settings, observed, memory).rollouts}
    assert found == {"base": {"i-1"}, "shop": {"i-1"}}
    found = {r.application.name: r.arriving for r in plan(CONFIG, observed, memory).rollouts}
    assert found == {"base": {"i-1"}, "shop": {"i-0", "i-1"}}


def test_an_application_is_tried_again_in_its_place_of_the_order() -> None:
    observed = two_applications("InService")
    found = plan(replace(CONFIG, order=("base",)), observed, base_failed(NOW)).rollouts
    assert [(r.application.name, r.arriving) for r in found] == [
        ("base", frozenset({"i-0"})),
        ("shop", frozenset({"i-0"})),
    ]


@pytest.mark.parametrize("state", ["failed", "given up"])
def test_an_instance_that_is_given_up_gets_nothing_more(state: str) -> None:
    observed, memory = two_applications("Pending:Wait", "InService"), base_failed(NOW + 60)
    if state == "given up":
        memory.completed["i-0"] = "Pending:Wait"
    found = plan(CONFIG, observed, memory)
    assert [r.result for r in found.releases] == ([] if state == "given up" else ["ABANDON"])
    assert {r.application.name: r.arriving for r in found.rollouts} == {"base": {"i-1"}, "shop": {"i-1"}}


def test_an_instance_that_an_open_breaker_keeps_is_tried_again_with_everything() -> None:
    observed, memory = two_applications("Pending:Wait"), base_failed(NOW)
    memory.breakers[f"{ENVIRONMENT}/base"] = Breaker("Applications/base/1", 3)
    assert [r.application.name for r in plan(CONFIG, observed, memory).rollouts] == ["base", "shop"]


def test_what_another_version_remembers_besides_is_left_out() -> None:
    memory = Memory(
        verified={APPLICATION: Verified(VERSION, "t", {"i-0": 1})},
        failures={APPLICATION: {"i-0": Failure(VERSION, 1, NOW)}},
        breakers={APPLICATION: Breaker(VERSION, 1)},
        tasks={"t1": OpenTask(APPLICATION, VERSION, arriving=("i-0",))},
        waits={"i-0": Wait("Pending:Wait", NOW, NOW)},
        remembered={APPLICATION: VERSION},
    )
    values = memory.to_json()
    values["later"] = 1
    for kind in ("verified", "breakers", "tasks"):
        values[kind] = {key: {**item, "later": 1} for key, item in values[kind].items()}
    values["failures"][APPLICATION]["i-0"]["later"] = 1
    values["waits"]["i-0"]["later"] = 1
    assert Memory.from_json(values) == memory
