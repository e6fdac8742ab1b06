"""The plan is a pure function: what it says for each state of an instance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.reconciliation.memory import Memory
from runtime.reconciliation.model import Application, Disposition, Machine, disposition
from runtime.reconciliation.ownership import own_instance
from runtime.reconciliation.plan import plan
from tests.runtime.reconciliation.looks import (
    CONFIG,
    STATES,
    VERSION,
    deployed,
    host,
    machine,
    remembering,
    seen,
)
from tests.runtime.twins.world import ENVIRONMENT, FOREIGN


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
