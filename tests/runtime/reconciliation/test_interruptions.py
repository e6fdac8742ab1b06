"""Spot Instances that EC2 takes back: two minutes in which Auto Scaling says that all is well."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.reconciliation import interruptions
from runtime.reconciliation.conclusion import Verdict
from runtime.reconciliation.hint import Hint
from runtime.reconciliation.memory import Memory, OpenTask
from runtime.reconciliation.model import Machine, Observed
from runtime.reconciliation.plan import UNDEPLOY_SECONDS, plan, unclear
from runtime.reconciliation.reconciler import Outcome
from runtime.reconciliation.settle import settle
from tests.runtime.reconciliation.looks import (
    APPLICATION,
    CONFIG,
    NOW,
    VERSION,
    deployed,
    host,
    remembering,
    seen,
)
from tests.runtime.reconciliation.scenarios import in_line, release, serving

if TYPE_CHECKING:
    from tests.runtime.twins.world import World

SAMPLES = Path(__file__).parents[2] / "samples" / "events"


def taken_back(observed: Observed, number: int, left: float, state: str = "running") -> Observed:
    """Return the look with EC2's word that it takes a machine back in some seconds."""
    machine = Machine(f"10.0.0.{number}", state, spot=True, interruption=NOW + left)
    return replace(observed, machines=observed.machines | {f"i-{number}": machine})


class TestPlan:
    @pytest.mark.parametrize("state", ["InService", "Standby", "EnteringStandby", "Pending:Proceed"])
    def test_an_interrupted_instance_leaves_although_auto_scaling_keeps_it(self, state: str) -> None:
        observed = deployed(seen(state, "InService", registered=(0, 1), joined=(0, 1)), 0, 1)
        found = plan(CONFIG, taken_back(observed, 0, 87), remembering(observed, 0, 1))
        assert found.membership is not None
        assert (found.membership.joining, found.membership.parting) == (frozenset(), frozenset({host(0)}))
        (rollout,) = found.rollouts
        assert (rollout.arriving, rollout.leaving, rollout.dead) == (
            frozenset(),
            frozenset({"i-0"}),
            frozenset(),
        )
        assert rollout.until == NOW + 87 - UNDEPLOY_SECONDS
        assert "i-0 interrupted by EC2, 87 s left" in found.membership.reason
        assert "i-0 interrupted by EC2, 87 s left" in rollout.reason
        assert [(i.instance, i.reason) for i in found.interruptions] == [
            ("i-0", f"{state}, interrupted by EC2, 87 s left")
        ]
        bare = plan(CONFIG, taken_back(seen(state, registered=(0,)), 0, 60), Memory())
        assert [(r.instance, r.reason) for r in bare.removals] == [
            ("i-0", f"{state}; i-0 interrupted by EC2, 60 s left")
        ]
        assert bare.interruptions == (), "it has been told"

    @pytest.mark.parametrize(
        ("left", "state", "dead"),
        [
            (UNDEPLOY_SECONDS, "running", False),
            (UNDEPLOY_SECONDS - 1, "running", True),
            (-5, "running", True),
            (90, "shutting-down", True),
        ],
    )
    def test_steps_run_on_it_only_if_there_is_time_for_them(
        self, left: float, state: str, dead: bool
    ) -> None:
        observed = taken_back(deployed(seen("InService", registered=(0,)), 0), 0, left, state)
        (rollout,) = plan(CONFIG, observed, Memory()).rollouts
        assert rollout.dead == ({"i-0"} if dead else set())
        assert rollout.until == (None if dead else NOW)

    def test_a_hook_does_not_hold_a_machine_beyond_its_interruption(self) -> None:
        observed = deployed(seen("Terminating:Wait", registered=(0,)), 0)
        for left, dead in ((60, set()), (10, {"i-0"})):
            (rollout,) = plan(CONFIG, taken_back(observed, 0, left), Memory()).rollouts
            assert rollout.dead == dead

    def test_an_instance_that_waits_for_its_launch_is_given_up_and_never_let_in(self) -> None:
        observed = deployed(seen("Pending:Wait", registered=(0,), joined=(0,)), 0)
        memory = remembering(observed, 0)
        assert [r.result for r in plan(CONFIG, observed, memory).releases] == ["CONTINUE"]
        found = plan(CONFIG, taken_back(observed, 0, 100), memory)
        assert [(r.instance, r.hooks, r.result, r.reason) for r in found.releases] == [
            ("i-0", ("deploy",), "ABANDON", "interrupted by EC2, 100 s left")
        ]
        bare = plan(CONFIG, taken_back(seen("Pending:Wait"), 0, 100), Memory())
        assert [r.result for r in bare.releases] == ["ABANDON"]
        assert bare.register == ()
        ended = Memory(completed={"i-0": "Pending:Wait"})
        assert plan(CONFIG, taken_back(seen("Pending:Wait"), 0, 100), ended).idle

    @pytest.mark.parametrize(("registered", "joined"), [((), ()), ((0,), ()), ((), (0,))])
    def test_ec2_is_asked_before_an_instance_in_service_is_served_again(
        self, registered: tuple[int, ...], joined: tuple[int, ...]
    ) -> None:
        """So nothing has to be remembered of an interruption, and one that is withdrawn heals."""
        observed = seen("InService", registered=registered, joined=joined)
        assert unclear(CONFIG, observed, Memory()) == {"i-0"}
        found = plan(CONFIG, taken_back(observed, 0, 50), Memory())
        assert not found.register
        assert found.membership is None or not found.membership.joining
        again = plan(CONFIG, observed, Memory())
        assert again.register or (again.membership and again.membership.joining)

    def test_an_interruption_is_no_explanation_for_hosts_that_have_lost_their_instance(self) -> None:
        """Nor is it what makes the guard hold them."""
        observed = seen("InService", desired=1, registered=(0, 5, 6), joined=(0, 5, 6))
        for look in (observed, taken_back(observed, 0, 90)):
            assert plan(CONFIG, look, Memory()).holds == ()
        lost = seen("InService", desired=4, registered=(0, 5, 6), joined=(0, 5, 6))
        for look in (lost, taken_back(lost, 0, 90)):
            assert [hold.metric for hold in plan(CONFIG, look, Memory()).holds] == ["RemovalsHeld"]


class TestDecision:
    def test_the_events_of_ec2_name_an_instance(self) -> None:
        events = [json.loads(path.read_text()) for path in SAMPLES.glob("spot-*.json")]
        assert len(events) == 2
        assert len(interruptions.named(events)) == 2

    @pytest.mark.parametrize(
        "event",
        [
            {},
            {"source": "aws.ec2"},
            {"source": "aws.ec2", "detail": "i-1"},
            {"source": "aws.ec2", "detail": {"instance-id": ["i-1"]}},
            {"source": "aws.ec2", "detail": {"instance-id": "sir-1"}},
            {"source": "aws.ec2", "detail": {"instance-id": f"i-{'0' * 18}"}},
            {"source": "operator", "detail": {"instance-id": "i-1"}},
        ],
    )
    def test_anything_else_names_none(self, event: dict[str, object]) -> None:
        assert interruptions.named([event]) == set()

    def test_each_of_our_groups_gets_its_own_instances_and_strangers_get_nothing(self) -> None:
        groups = {"i-1": "web", "i-2": "web", "i-3": "api", "i-4": "somebody's"}
        keys = {"WebKey": "web", "ApiKey": "api", "IdleKey": "idle"}
        assert interruptions.by_key(groups, keys) == {"WebKey": {"i-1", "i-2"}, "ApiKey": {"i-3"}}


def spot(instances: int = 2, *applications: str) -> tuple[World, str]:
    """Return a world of Spot Instances, everything in line, and one of them."""
    world = serving(instances, *applications)
    world.group.spot = True
    return world, min(world.group.instances)


def told(world: World, *instances: str) -> Outcome:
    return world.reconcile("aws.ec2", instances=frozenset(instances))


def test_an_interrupted_instance_is_undeployed_and_gone_while_it_is_still_in_service() -> None:
    world, victim = spot()
    world.group.interrupt(victim)
    began = world.clock.now()
    assert told(world, victim) is Outcome.CHANGED
    assert world.clock.now() - began < 110
    assert world.states()[victim] == "InService"
    assert world.hosts() == world.joined() == set(world.group.instances) - {victim}
    assert world.twin.installed[world.config.host_id(victim)] == {}, "by steps on the machine"
    assert world.report.metrics["InstancesInterrupted"] == 1
    assert (victim, "interrupted") in {note[:2] for note in world.ledger.notes}
    for source in ("schedule", "aws.autoscaling"):
        assert world.reconcile(source) is Outcome.UNCHANGED, "it is not registered again"
    world.clock.sleep(120)
    world.group.converge()
    world.reconcile()
    assert in_line(world)
    assert world.report.metrics["InstancesInterrupted"] == 1


def test_an_event_that_ec2_does_not_confirm_removes_nothing() -> None:
    world, victim = spot()
    assert told(world, victim, "i-0123") is Outcome.UNCHANGED
    assert in_line(world)
    assert "InstancesInterrupted" not in world.report.metrics


def test_an_event_that_is_ahead_of_ec2s_answers_is_believed_as_soon_as_they_agree() -> None:
    world, victim = spot()
    sleep = world.clock.sleep

    def later(seconds: float) -> None:
        sleep(seconds)
        if world.group.instances[victim].interruption is None:
            world.group.interrupt(victim)

    world.clock.sleep = later  # type: ignore[method-assign] # EC2 catches up meanwhile
    assert told(world, victim) is Outcome.CHANGED
    assert victim not in world.hosts()


def test_an_interruption_that_ec2_withdraws_is_forgotten() -> None:
    world, victim = spot()
    world.group.interrupt(victim)
    told(world, victim)
    world.group.withdraw(victim)
    world.reconcile("schedule")
    assert in_line(world)


def test_a_hint_that_names_instances_is_not_superseded_by_a_look_that_did_not_ask_about_them() -> None:
    world, victim = spot()
    sent = world.clock.now()
    world.group.interrupt(victim)
    world.clock.sleep(5)
    world.clock.restart()
    world.reconciler().reconcile(world.config, Hint(world.clock.now(), backlog=True))
    assert victim in world.hosts(), "nobody asked"
    hint = Hint(sent, frozenset({"aws.ec2"}), instances=frozenset({victim}))
    assert world.reconciler().reconcile(world.config, hint) is Outcome.CHANGED
    assert victim not in world.hosts()


def test_a_persons_task_keeps_its_right_of_way_against_an_interruption() -> None:
    """The instance leaves the environment at once; the rest waits, and no step runs on the dead machine."""
    world, victim = spot()
    world.twin.broken.add("Applications/shop/2.0")
    release(world, "shop", "2.0")
    world.group.interrupt(victim)
    assert told(world, victim) is Outcome.CONTINUED
    assert world.joined() == set(world.group.instances) - {victim}
    assert victim in world.hosts()
    assert world.reconcile("reconciler") is Outcome.CONTINUED
    world.group.converge()
    assert victim not in world.group.instances
    for task in world.twin.tasks.values():
        if task.state == "FAILED":
            world.twin._cancel(task)
    world.reconcile("reconciler")
    assert world.twin.beside == []
    assert in_line(world)
    steps = [s for t in world.twin.tasks.values() for s in t.steps if t.owner == "reconciler"]
    assert {s.state for s in steps if victim in s.deployed and s.kind == "undo"} == {"SKIP"}


def test_a_run_that_ends_too_early_passes_the_instances_on() -> None:
    world, victim = spot()
    assert world.reconcile("aws.ec2", budget=10, instances=frozenset({victim})) is Outcome.CONTINUED
    assert world.queue.instances == [{victim}]


def test_an_undeploy_whose_turn_comes_too_late_is_planned_anew() -> None:
    """Declared applications go one after the other; the second one finds too little time left."""
    world = serving(2, "shop", "search", order=("shop", "search"))
    world.group.spot = True
    victim = min(world.group.instances)
    world.group.interrupt(victim, 80)
    world.twin.task_seconds = 60
    told(world, victim)
    assert victim not in world.hosts()
    states = {
        s.deployed.rpartition("/")[2]: s.state
        for t in world.twin.tasks.values()
        for s in t.steps
        if t.owner == "reconciler" and victim in s.deployed and s.kind != "install"
    }
    assert states == {"shop-file": "DONE", "search-file": "SKIP"}


def test_a_deployment_that_fails_on_an_interrupted_machine_is_not_held_against_the_version() -> None:
    observed = deployed(seen("InService", registered=(0,), joined=(0,)))
    task = OpenTask(APPLICATION, VERSION, expected={"i-0": 1}, arriving=("i-0",))
    for look, breakers in ((observed, {APPLICATION}), (taken_back(observed, 0, 80), set())):
        memory = Memory()
        settle(CONFIG, look, memory, [Verdict(task, succeeded=False, failed={"i-0": "exit code 1"})])
        assert memory.breakers.keys() == breakers


def test_ordinary_hints_of_a_group_of_spot_instances_cost_what_they_cost() -> None:
    world, _ = spot()
    world.group.calls.clear()
    world.twin.calls.clear()
    assert world.reconcile() is Outcome.UNCHANGED
    assert world.group.calls == ["describe"]
    assert len(world.twin.calls) == 3
