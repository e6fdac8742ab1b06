"""What a plan never does and always keeps to, whatever was seen and is remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from runtime.reconciliation.config import Hooks
from runtime.reconciliation.model import Disposition, disposition
from runtime.reconciliation.ownership import own_instance
from runtime.reconciliation.plan import plan, unclear
from tests.runtime.reconciliation.looks import (
    CONFIG,
    STATES,
    deployed,
    interrupted,
    machine,
    remembering,
    seen,
    taken_back,
)

if TYPE_CHECKING:
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.model import Observed

NUMBERS = st.integers(0, 9)


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
