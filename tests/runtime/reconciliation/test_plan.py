"""The plan is a pure function: what it says for each state of an instance, and what it never says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mypy_boto3_autoscaling.literals import LifecycleStateType

from runtime.reconciliation.config import GroupConfig, Hooks
from runtime.reconciliation.memory import Breaker, Failure, Memory
from runtime.reconciliation.model import (
    Application,
    Disposition,
    Group,
    Instance,
    Machine,
    Observed,
    disposition,
)
from runtime.reconciliation.ownership import own_instance
from runtime.reconciliation.plan import plan, unclear
from tests.runtime.twins.world import ENVIRONMENT, FOREIGN, config

if TYPE_CHECKING:
    from runtime.reconciliation.actions import Plan

CONFIG = config()
STATES = get_args(LifecycleStateType)
NOW = 1_000_000.0
APPLICATION = f"{ENVIRONMENT}/shop"
VERSION = "Applications/shop/1.0"


def host(number: int) -> str:
    return CONFIG.host_id(f"i-{number}")


def machine(number: int, state: str = "running") -> tuple[str, Machine]:
    return f"i-{number}", Machine(f"10.0.0.{number}", state)


def seen(
    *lifecycles: str,
    desired: int | None = None,
    registered: tuple[int, ...] = (),
    joined: tuple[int, ...] = (),
) -> Observed:
    """Return a look at a group with instances i-0, i-1, … in these states."""
    instances = tuple(Instance(f"i-{n}", state) for n, state in enumerate(lifecycles))
    return Observed(
        at=NOW,
        group=Group("web", len(lifecycles) if desired is None else desired, instances),
        members=frozenset({FOREIGN, *map(host, joined)}),
        hosts=frozenset(map(host, registered)),
        machines=dict(machine(n) for n in range(10)),
    )


def deployed(observed: Observed, *numbers: int, version: str = VERSION) -> Observed:
    """Return the look with an application on some hosts."""
    deployeds = frozenset(f"{host(n)}/file" for n in numbers)
    return replace(
        observed, applications=(*observed.applications, Application(APPLICATION, version, deployeds))
    )


def remembering(observed: Observed, *numbers: int) -> Memory:
    memory = Memory()
    for application in observed.applications:
        memory.verify(application, {f"i-{n}": 1 for n in numbers})
    return memory


def test_every_state_that_aws_knows_has_a_disposition_or_is_kept_on_purpose() -> None:
    kept = {state for state in STATES if disposition(state) is Disposition.KEEP}
    assert kept == {"Pending", "Quarantined"}
    assert disposition("a state of next year") is Disposition.KEEP


@pytest.mark.parametrize(
    "state", ["Pending:Wait", "Pending:Proceed", "InService", "Standby", "EnteringStandby"]
)
def test_a_serving_instance_gets_a_host_and_becomes_a_member(state: str) -> None:
    found = plan(CONFIG, seen(state), Memory())
    assert [(r.instance, r.address) for r in found.register] == [("i-0", "10.0.0.0")]
    assert found.membership is not None
    assert found.membership.joining == {host(0)}


@pytest.mark.parametrize(
    "state", [s for s in STATES if s.startswith("Warmed:") and "Terminat" not in s and "Ret" not in s]
)
def test_an_instance_in_the_warm_pool_gets_a_host_but_is_no_member(state: str) -> None:
    found = plan(CONFIG, seen(state), Memory())
    assert [r.instance for r in found.register] == ["i-0"]
    assert found.membership is None
    assert not found.rollouts
    assert not found.removals


@pytest.mark.parametrize("state", ["Pending", "Quarantined", "Terminating", "Terminated", "Detached"])
def test_an_instance_that_does_not_serve_gets_nothing(state: str) -> None:
    assert plan(CONFIG, seen(state), Memory()).idle


@pytest.mark.parametrize("state", [s for s in STATES if disposition(s) is Disposition.LEAVE])
def test_a_leaving_instance_leaves_the_environment_its_applications_and_the_repository(state: str) -> None:
    observed = deployed(seen(state, registered=(0,), joined=(0,)), 0)
    found = plan(CONFIG, observed, remembering(observed, 0))
    assert found.membership is not None
    assert found.membership.parting == {host(0)}
    assert [r.leaving for r in found.rollouts] == [{"i-0"}]
    assert not found.removals
    assert not found.releases
    bare = plan(CONFIG, seen(state, registered=(0,)), Memory())
    assert [r.instance for r in bare.removals] == ["i-0"]
    assert [r.result for r in bare.releases] == (["CONTINUE"] if state.endswith(":Wait") else [])


@pytest.mark.parametrize(
    ("state", "power", "dead"),
    [
        ("Terminating:Wait", "running", False),
        ("Terminating:Wait", "terminated", True),
        ("Terminating:Proceed", "running", True),
        ("Terminating", "running", True),
        ("Detached", "running", True),
    ],
)
def test_steps_run_on_a_leaving_machine_only_while_a_hook_holds_it_and_it_lives(
    state: str, power: str, dead: bool
) -> None:
    observed = deployed(seen(state, registered=(0,), joined=(0,)), 0)
    observed = replace(observed, machines=dict([machine(0, power)]))
    (rollout,) = plan(CONFIG, observed, Memory()).rollouts
    assert rollout.dead == ({"i-0"} if dead else set())


def test_a_stopped_instance_in_standby_is_parked_and_a_running_one_is_not() -> None:
    observed = deployed(seen("Standby", registered=(0,), joined=(0,)), 0)
    memory = remembering(observed, 0)
    assert plan(CONFIG, observed, memory).idle
    asleep = plan(CONFIG, replace(observed, machines=dict([machine(0, "stopped")])), memory)
    assert asleep.membership is not None
    assert asleep.membership.parting == {host(0)}
    assert [r.dead for r in asleep.rollouts] == [{"i-0"}]
    assert asleep.removals == ()


def test_a_verified_host_needs_nothing_and_is_released() -> None:
    observed = deployed(seen("Pending:Wait", registered=(0,), joined=(0,)), 0)
    found = plan(CONFIG, observed, remembering(observed, 0))
    assert found.rollouts == ()
    assert [(r.instance, r.hooks, r.result) for r in found.releases] == [("i-0", ("deploy",), "CONTINUE")]


def test_a_host_whose_deployeds_have_vanished_is_looked_at_again() -> None:
    observed = deployed(seen("InService", registered=(0,), joined=(0,)), 0)
    memory = remembering(observed, 0)
    bare = deployed(seen("InService", registered=(0,), joined=(0,)))
    assert plan(CONFIG, observed, memory).idle
    assert [r.arriving for r in plan(CONFIG, bare, memory).rollouts] == [{"i-0"}]


@pytest.mark.parametrize(("version", "token"), [("Applications/shop/2.0", ""), (VERSION, "changed")])
def test_a_persons_deployment_makes_every_host_be_looked_at_again(version: str, token: str) -> None:
    observed = deployed(seen("InService", "InService", registered=(0, 1), joined=(0, 1)), 0, 1)
    memory = remembering(observed, 0, 1)
    (application,) = observed.applications
    changed = replace(observed, applications=(replace(application, version=version, token=token),))
    assert [r.arriving for r in plan(CONFIG, changed, memory).rollouts] == [{"i-0", "i-1"}]


def test_nothing_is_released_before_every_application_is_there() -> None:
    observed = deployed(seen("Pending:Wait", registered=(0,), joined=(0,)), 0)
    memory = remembering(observed, 0)
    memory.remembered["Environments/web/search"] = "Applications/search/1.0"
    found = plan(CONFIG, observed, memory)
    assert found.releases == ()
    assert [(r.application.id, r.initial) for r in found.rollouts] == [("Environments/web/search", True)]
    assert [h.instance for h in found.heartbeats] == ["i-0"]


@pytest.mark.parametrize(
    ("kind", "address"),
    [("private-ipv4", "10.0.0.7"), ("private-dns", "ip-10-0-0-7.ec2.internal"), ("ipv6", "2001:db8::7")],
)
def test_a_host_gets_the_kind_of_address_that_its_group_has(kind: str, address: str) -> None:
    there = Machine("10.0.0.7", "running", 0.0, "ip-10-0-0-7.ec2.internal", "2001:db8::7")
    observed = replace(seen("InService"), machines={"i-0": there})
    (action,) = plan(replace(CONFIG, address=kind), observed, Memory()).register
    assert action.address == address


def test_applications_come_in_the_declared_order_then_by_name() -> None:
    observed = seen("InService", registered=(0,), joined=(0,))
    names = ["a", "z", "base", "m"]
    observed = replace(
        observed, applications=tuple(Application(f"{ENVIRONMENT}/{n}", f"Applications/{n}/1") for n in names)
    )
    found = plan(replace(CONFIG, order=("base", "z")), observed, Memory())
    assert [r.application.name for r in found.rollouts] == ["base", "z", "a", "m"]


class TestGate:
    def failing(self, count: int, *, on_failure: str = "ABANDON", breaker: int = 1) -> Plan:
        observed = deployed(seen("Pending:Wait", registered=(0,), joined=(0,)))
        memory = Memory(failures={APPLICATION: {"i-0": Failure(VERSION, count, NOW + 60, "exit code 1")}})
        memory.breakers[APPLICATION] = Breaker(VERSION, breaker)
        return plan(replace(CONFIG, on_failure=on_failure), observed, memory)

    @pytest.mark.parametrize("result", ["ABANDON", "CONTINUE"])
    def test_a_failed_instance_is_given_up_by_policy(self, result: str) -> None:
        found = self.failing(1, on_failure=result)
        assert [(r.result, r.reason) for r in found.releases] == [(result, "shop: exit code 1")]

    def test_an_open_breaker_keeps_the_instance_and_says_so(self) -> None:
        found = self.failing(1, breaker=3)
        assert found.releases == ()
        assert [h.instance for h in found.heartbeats] == ["i-0"]
        assert [h.metric for h in found.holds] == ["BreakersOpen"]

    def test_a_failure_of_a_starting_machine_does_not_count(self) -> None:
        found = self.failing(0)
        assert found.releases == ()
        assert found.retry_after == 60

    def test_a_failed_host_is_left_alone_for_a_while(self) -> None:
        assert self.failing(1).rollouts == ()

    def test_a_new_version_is_tried_at_once_with_a_closed_breaker(self) -> None:
        observed = deployed(
            seen("Pending:Wait", registered=(0,), joined=(0,)), version="Applications/shop/2.0"
        )
        memory = Memory(failures={APPLICATION: {"i-0": Failure(VERSION, 3, NOW + 900)}})
        memory.breakers[APPLICATION] = Breaker(VERSION, 3)
        found = plan(CONFIG, observed, memory)
        assert [r.arriving for r in found.rollouts] == [{"i-0"}]
        assert found.holds == ()

    def test_without_hooks_of_ours_nobody_is_released(self) -> None:
        observed = seen("Pending:Wait", "Terminating:Wait", registered=(0, 1), joined=(0,))
        found = plan(replace(CONFIG, hooks=Hooks()), observed, Memory())
        assert not found.releases
        assert not found.heartbeats

    def test_a_wait_that_was_ended_is_not_ended_again(self) -> None:
        observed = seen("Pending:Wait", registered=(0,), joined=(0,))
        assert plan(CONFIG, observed, Memory(completed={"i-0": "Pending:Wait"})).releases == ()

    def test_in_the_warm_pool_either_hook_may_hold_an_instance(self) -> None:
        found = plan(CONFIG, seen("Warmed:Pending:Wait", registered=(0,)), Memory())
        assert [r.hooks for r in found.releases] == [("deploy", "undeploy")]


class TestGuard:
    @pytest.mark.parametrize("desired", [0, 1, 5])
    def test_a_missing_group_removes_nothing(self, desired: int) -> None:
        observed = replace(seen(desired=desired, registered=(1, 2), joined=(1, 2)), group=None)
        found = plan(CONFIG, observed, Memory())
        assert found.idle
        assert [h.metric for h in found.holds] == ["GroupsMissing"]

    def test_an_empty_list_while_instances_are_desired_removes_nothing(self) -> None:
        found = plan(CONFIG, seen(desired=2, registered=(1, 2), joined=(1, 2)), Memory())
        assert found.idle
        assert [h.metric for h in found.holds] == ["RemovalsHeld"]

    def test_an_empty_list_while_none_is_desired_removes_all(self) -> None:
        found = plan(CONFIG, seen(desired=0, registered=(1, 2), joined=(1, 2)), Memory())
        assert found.membership is not None
        assert found.membership.parting == {host(1), host(2)}

    def test_many_losses_at_once_need_a_second_witness(self) -> None:
        observed = seen("InService", desired=5, registered=(0, 1, 2, 3, 4), joined=(0, 1, 2, 3, 4))
        held = plan(CONFIG, observed, Memory())
        assert held.idle
        assert [h.metric for h in held.holds] == ["RemovalsHeld"]
        confirmed = plan(
            CONFIG,
            replace(observed, machines=dict(machine(n, "terminated") for n in (1, 2, 3, 4))),
            Memory(),
        )
        assert confirmed.membership is not None
        assert confirmed.membership.parting == {host(n) for n in (1, 2, 3, 4)}

    def test_scaling_in_to_a_few_is_no_loss(self) -> None:
        observed = seen("InService", desired=1, registered=(0, 1, 2, 3), joined=(0, 1, 2, 3))
        found = plan(CONFIG, observed, Memory())
        assert found.membership is not None
        assert found.membership.parting == {host(1), host(2), host(3)}

    def test_one_unannounced_death_is_believed(self) -> None:
        found = plan(
            CONFIG, seen("InService", "Pending", desired=2, registered=(0, 7), joined=(0, 7)), Memory()
        )
        assert found.membership is not None
        assert found.membership.parting == {host(7)}


@pytest.mark.parametrize(
    "ci_id",
    [
        FOREIGN,
        f"{CONFIG.infrastructure}/web-template",
        f"{CONFIG.infrastructure}/web-i-0abc-debug",
        f"{CONFIG.infrastructure}/web-i-0ABC",
        f"{CONFIG.infrastructure}/other-i-0abc",
        f"{CONFIG.infrastructure}/web-i-0abc/child",
        "Infrastructure/aws/123456789012/eu-west-1/web/web-i-0abc",
    ],
)
def test_whatever_is_not_named_as_a_host_of_the_group_is_not_ours(ci_id: str) -> None:
    assert own_instance(CONFIG, ci_id) is None


def test_a_missing_environment_is_waited_for() -> None:
    observed = replace(seen("Pending:Wait", registered=(0,)), members=None)
    found = plan(CONFIG, observed, Memory())
    assert found.membership is None
    assert not found.releases
    assert not found.removals
    assert [h.metric for h in found.holds] == ["EnvironmentsMissing"]
    assert [h.instance for h in found.heartbeats] == ["i-0"]


def test_an_instance_without_address_is_waited_for() -> None:
    observed = replace(seen("Pending:Wait"), machines={"i-0": Machine("", "pending")})
    found = plan(CONFIG, observed, Memory())
    assert found.idle
    assert found.retry_after == 5


NUMBERS = st.integers(0, 9)


def interrupted(observed: Observed, left: dict[int, float]) -> Observed:
    """Return the look with EC2's word that it takes machines back, those that it was asked about."""
    ends = {f"i-{n}": NOW + seconds for n, seconds in left.items()}
    machines = {
        i: replace(m, spot=True, interruption=ends[i]) if i in ends else m
        for i, m in observed.machines.items()
    }
    return replace(observed, machines=machines)


def taken_back(observed: Observed) -> set[str]:
    return {i for i, machine in observed.machines.items() if machine.interruption is not None}


@st.composite
def looks(draw: st.DrawFn) -> tuple[GroupConfig, Observed, Memory]:
    """Any look at any group, with any memory of it."""
    lifecycles = draw(st.lists(st.sampled_from(STATES), max_size=8))
    registered = draw(st.frozensets(NUMBERS))
    joined = draw(st.frozensets(st.sampled_from(sorted(registered)))) if registered else frozenset()
    observed = seen(
        *lifecycles, desired=draw(st.integers(0, 9)), registered=tuple(registered), joined=tuple(joined)
    )
    powers = draw(st.dictionaries(NUMBERS, st.sampled_from(["running", "stopped", "terminated", "pending"])))
    observed = replace(observed, machines=dict(machine(n, power) for n, power in powers.items()))
    observed = interrupted(observed, draw(st.dictionaries(NUMBERS, st.sampled_from([-5.0, 20.0, 100.0]))))
    if draw(st.booleans()):
        observed = deployed(
            observed, *(draw(st.frozensets(st.sampled_from(sorted(registered)))) if registered else ())
        )
    memory = remembering(observed, *draw(st.frozensets(NUMBERS)))
    hooks = draw(st.sampled_from([Hooks(), Hooks("deploy", "undeploy"), Hooks(launch="deploy")]))
    return replace(CONFIG, hooks=hooks), observed, memory


@given(looks())
def test_a_plan_never_touches_what_serves_or_is_foreign(look: tuple[GroupConfig, Observed, Memory]) -> None:
    settings, observed, memory = look
    found = plan(settings, observed, memory)
    assert observed.group is not None
    living = {i.id for i in observed.group.instances if disposition(i.lifecycle) is Disposition.SERVE}
    living -= taken_back(observed)
    awake = {i for i in living if i not in observed.machines or observed.machines[i].state != "stopped"}
    assert not {r.instance for r in found.removals} & living
    for rollout in found.rollouts:
        assert not rollout.leaving & awake
        assert not rollout.leaving & rollout.arriving
        assert rollout.dead <= rollout.leaving
    if found.membership is not None:
        touched = found.membership.joining | found.membership.parting
        assert all(own_instance(settings, host_id) for host_id in touched)
        assert not {own_instance(settings, h) for h in found.membership.parting} & awake


@given(looks())
def test_a_plan_frees_before_it_removes_and_verifies_before_it_releases(
    look: tuple[GroupConfig, Observed, Memory],
) -> None:
    settings, observed, memory = look
    found = plan(settings, observed, memory)
    busy = {own_instance(settings, m) for m in observed.members or ()}
    busy |= {own_instance(settings, d.rpartition("/")[0]) for a in observed.applications for d in a.deployeds}
    assert not {r.instance for r in found.removals} & busy
    lifecycles = {i.id: i.lifecycle for i in observed.group.instances} if observed.group else {}
    for release in found.releases:
        assert lifecycles[release.instance].endswith(":Wait")
        if release.instance in taken_back(observed) and disposition(release.lifecycle) is Disposition.SERVE:
            assert release.result == "ABANDON"
        elif disposition(release.lifecycle) is Disposition.SERVE:
            assert release.instance in busy
            for application in observed.applications:
                count = sum(
                    d.startswith(settings.host_id(release.instance) + "/") for d in application.deployeds
                )
                assert memory.is_verified(application, release.instance, count)


@given(looks())
def test_what_a_plan_needs_to_know_is_asked_before(look: tuple[GroupConfig, Observed, Memory]) -> None:
    """The plan is the same whether EC2 told about the instances that were not asked for.

    But for interruptions: those are asked about when an event names the instance.
    """
    settings, observed, memory = look
    asked = unclear(settings, observed, memory) | taken_back(observed)
    narrowed = replace(observed, machines={i: m for i, m in observed.machines.items() if i in asked})
    assert plan(settings, narrowed, memory) == plan(settings, observed, memory)
