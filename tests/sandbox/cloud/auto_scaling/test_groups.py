from __future__ import annotations

import heapq
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cdk_app.sandbox.cloud.auto_scaling.groups import Groups
from cdk_app.sandbox.cloud.auto_scaling.model import (
    CAPACITY,
    Group,
    Hook,
    Member,
    Result,
    State,
    Subnet,
    Template,
    Transition,
    WarmPool,
)
from cdk_app.sandbox.cloud.auto_scaling.operations import Operations
from cdk_app.sandbox.cloud.auto_scaling.ports import LaunchFailedError, Machine, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.cloud.auto_scaling.events import Event

LAUNCH = Hook("deploy", Transition.LAUNCHING, timeout=60, default=Result.ABANDON)
TERMINATE = Hook("undeploy", Transition.TERMINATING, timeout=60, default=Result.CONTINUE)
ARN = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:1:autoScalingGroupName/web"


class Time:
    """A clock that only the test moves, with the work that is due later."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now + seconds, next(self._numbers), work))

    def pass_by(self, seconds: float) -> None:
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            self.now, _, work = heapq.heappop(self._due)
            work()
        self.now = end


class FakeMachines:
    """EC2 in memory."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.full = False

    def launch(self, group: Group, subnet: Subnet) -> Machine:
        if self.full:
            raise LaunchFailedError(f"no room in {subnet.id} for {group.name}.")
        instance_id = f"i-{len(self.states):017x}"
        self.states[instance_id] = "running"
        return Machine(instance_id, "t4g.small")

    def terminate(self, instance_id: str) -> None:
        self.states[instance_id] = "terminated"

    def start(self, instance_id: str) -> None:
        self.states[instance_id] = "running"

    def stop(self, instance_id: str) -> None:
        self.states[instance_id] = "stopped"

    def running(self, instance_id: str) -> bool:
        return self.states.get(instance_id) == "running"

    @property
    def alive(self) -> set[str]:
        return {instance_id for instance_id, state in self.states.items() if state != "terminated"}


class World:
    """One group with fakes around it."""

    def __init__(self, *hooks: Hook, maximum: int = 10, pool: WarmPool | None = None) -> None:
        self.group = Group(
            "web",
            ARN,
            0,
            maximum,
            0,
            (Subnet("subnet-1", "us-east-1a"), Subnet("subnet-2", "us-east-1b")),
            Template("lt-1", "web", "1"),
            hooks,
            pool=pool,
        )
        self.time = Time()
        self.machines = FakeMachines()
        self.events: list[Event] = []
        self.groups = Groups(
            self.machines,
            lambda name: self.group if name == "web" else None,
            self.events.append,
            self.time.after,
            lambda: self.time.now,
        )
        self.operations = Operations(self.groups, lambda: ["web"], self._resize, lambda: self.time.now)

    def _resize(self, _name: str, desired: int) -> None:
        self.group = replace(self.group, desired=desired)

    def scale(self, desired: int) -> None:
        self._resize("web", desired)
        self.groups.adjust("web", "because.")

    @property
    def members(self) -> list[Member]:
        return list(self.groups.find("web")[1].members.values())

    @property
    def states(self) -> list[str]:
        return [str(member.state) for member in self.members]

    def complete(self, member: Member, result: Result = Result.CONTINUE) -> None:
        if member.wait is None:
            raise ValueError(member)
        self.groups.complete("web", member.wait.hook.name, result, instance_id=member.instance_id)

    def complete_all(self) -> None:
        while waiting := [member for member in self.members if member.wait]:
            self.complete(waiting[0])

    def told(self) -> list[str]:
        return [event.detail_type for event in self.events]


def test_without_hooks_instances_are_in_service_at_once() -> None:
    world = World()
    world.scale(2)
    assert world.states == ["InService", "InService"]
    assert world.told() == ["EC2 Instance Launch Successful"] * 2
    assert {member.instance_id for member in world.members} == world.machines.alive


def test_an_instance_waits_for_its_hook_and_is_told_by_token() -> None:
    world = World(LAUNCH)
    world.scale(1)
    assert world.states == ["Pending:Wait"]
    (event,) = world.events
    world.groups.complete("web", "deploy", Result.CONTINUE, token=event.detail["LifecycleActionToken"])
    assert world.states == ["InService"]
    assert world.told()[-1] == "EC2 Instance Launch Successful"


def test_hooks_of_one_transition_follow_each_other() -> None:
    world = World(LAUNCH, Hook("alpha", Transition.LAUNCHING))
    world.scale(1)
    world.groups.complete("web", "alpha", Result.CONTINUE, instance_id=world.members[0].instance_id)
    assert world.states == ["Pending:Wait"]
    world.complete(world.members[0])
    assert world.states == ["InService"]


def test_an_abandoned_launch_is_terminated_and_replaced() -> None:
    world = World(LAUNCH)
    world.scale(1)
    (first,) = world.members
    world.complete(first, Result.ABANDON)
    (second,) = world.members
    assert second.instance_id != first.instance_id
    assert world.states == ["Pending:Wait"]
    assert not world.machines.running(first.instance_id)
    assert "EC2 Instance Launch Unsuccessful" in world.told()
    failed = next(event for event in world.events if event.detail_type.endswith("Launch Unsuccessful"))
    assert "ABANDON" in failed.detail["StatusMessage"]


def test_an_abandoned_launch_passes_the_termination_hook() -> None:
    world = World(LAUNCH, TERMINATE)
    world.scale(1)
    world.complete(world.members[0], Result.ABANDON)
    assert sorted(world.states) == ["Pending:Wait", "Terminating:Wait"]


def test_an_abandoned_termination_skips_the_hooks_that_are_left() -> None:
    world = World(TERMINATE, Hook("verify", Transition.TERMINATING))
    world.scale(1)
    world.scale(0)
    world.complete(world.members[0], Result.ABANDON)
    assert world.members == []
    assert world.told()[-1] == "EC2 Instance Terminate Successful"


@pytest.mark.parametrize(("default", "state"), [(Result.CONTINUE, "InService"), (Result.ABANDON, None)])
def test_a_hook_that_nobody_answers_ends_with_its_default(default: Result, state: str | None) -> None:
    world = World(replace(LAUNCH, default=default))
    world.scale(1)
    (first,) = world.members
    world.time.pass_by(59)
    assert world.states == ["Pending:Wait"]
    world.time.pass_by(2)
    now = {member.instance_id: str(member.state) for member in world.members}
    assert now.get(first.instance_id) == state


def test_a_heartbeat_starts_the_timer_again_but_not_beyond_the_limit() -> None:
    world = World(replace(LAUNCH, default=Result.CONTINUE))
    world.scale(1)
    (first,) = world.members
    for _ in range(110):
        world.time.pass_by(55)
        if world.states == ["InService"]:
            break
        world.groups.heartbeat("web", "deploy", instance_id=first.instance_id)
    waited = world.time.now - first.launched
    assert 100 * 60 <= waited < 101 * 60


def test_completing_twice_is_refused_as_aws_refuses_it() -> None:
    world = World(LAUNCH)
    world.scale(1)
    (first,) = world.members
    world.complete(first)
    with pytest.raises(RefusedError, match="No active Lifecycle Action found with instance ID"):
        world.groups.complete("web", "deploy", Result.CONTINUE, instance_id=first.instance_id)


def test_a_machine_that_died_unannounced_leaves_through_the_hook_and_is_replaced() -> None:
    world = World(LAUNCH, TERMINATE)
    world.scale(1)
    world.complete_all()
    dead = world.members[0].instance_id
    world.machines.terminate(dead)
    world.groups.check_health("web")
    assert {member.instance_id: member.state for member in world.members}[dead] is State.TERMINATING_WAIT
    assert sorted(world.states) == ["Pending:Wait", "Terminating:Wait"]
    world.complete_all()
    assert world.states == ["InService"]


def test_health_is_checked_in_service_only_as_on_aws() -> None:
    world = World(LAUNCH)
    world.scale(1)
    (pending,) = world.members
    world.machines.terminate(pending.instance_id)
    world.groups.check_health("web")
    assert world.states == ["Pending:Wait"]
    world.complete(pending)
    world.time.pass_by(1)
    assert pending.instance_id not in {member.instance_id for member in world.members}


def test_a_launch_that_ec2_refuses_is_an_activity_and_is_tried_again() -> None:
    world = World()
    world.machines.full = True
    world.scale(1)
    (activity,) = world.groups.find("web")[1].activities.values()
    assert (activity.status, world.members) == ("Failed", [])
    world.machines.full = False
    world.time.pass_by(60)
    assert world.states == ["InService"]


def test_standby_frees_capacity_and_returns_through_the_launch_hook() -> None:
    world = World(LAUNCH)
    world.scale(2)
    world.complete_all()
    resting = world.members[0].instance_id
    world.operations.enter_standby("web", [resting], decrement=True)
    assert (world.group.desired, sorted(world.states)) == (1, ["InService", "Standby"])
    world.operations.exit_standby("web", [resting])
    assert (world.group.desired, sorted(world.states)) == (2, ["InService", "Pending:Wait"])


def test_a_detached_instance_keeps_running_and_is_replaced_unless_capacity_shrinks() -> None:
    world = World()
    world.scale(2)
    first, second = (member.instance_id for member in world.members)
    world.operations.detach("web", [first], decrement=True)
    world.operations.detach("web", [second], decrement=False)
    assert len(world.members) == world.group.desired == 1
    assert world.machines.running(first)
    assert world.machines.running(second)


def test_terminating_one_instance_with_or_without_replacement() -> None:
    world = World()
    world.scale(2)
    world.operations.terminate(world.members[0].instance_id, decrement=True)
    assert (world.group.desired, len(world.members)) == (1, 1)
    old = world.members[0].instance_id
    world.operations.terminate(old, decrement=False)
    assert (world.group.desired, len(world.members)) == (1, 1)
    assert world.members[0].instance_id != old


def test_an_unhealthy_instance_is_replaced() -> None:
    world = World()
    world.scale(1)
    old = world.members[0].instance_id
    world.operations.set_health(old, "Unhealthy")
    assert [member.instance_id for member in world.members] != [old]
    assert world.states == ["InService"]


def test_a_warm_pool_feeds_the_group_through_the_launch_hook() -> None:
    world = World(LAUNCH, pool=WarmPool(size=1))
    world.scale(0)
    assert world.states == ["Warmed:Pending:Wait"]
    assert (world.events[-1].detail["Origin"], world.events[-1].detail["Destination"]) == ("EC2", "WarmPool")
    world.complete_all()
    warm = world.members[0]
    assert (warm.state, world.machines.states[warm.instance_id]) == (State.WARMED_STOPPED, "stopped")
    world.group = replace(world.group, pool=WarmPool(size=0))
    world.scale(1)
    assert world.states == ["Pending:Wait"]
    assert (world.events[-1].detail["Origin"], world.events[-1].detail["Destination"]) == (
        "WarmPool",
        "AutoScalingGroup",
    )
    assert world.machines.running(warm.instance_id)


def test_scale_in_returns_to_a_warm_pool_that_reuses_instances() -> None:
    world = World(TERMINATE, pool=WarmPool(size=0, reuse=True))
    world.scale(1)
    world.complete_all()
    world.group = replace(world.group, pool=WarmPool(size=1, reuse=True))
    world.scale(0)
    assert world.states == ["Warmed:Pending:Wait"]
    assert world.events[-1].detail_type == "EC2 Instance-terminate Lifecycle Action"
    assert world.events[-1].detail["Destination"] == "WarmPool"
    world.complete_all()
    assert world.states == ["Warmed:Stopped"]


class Histories(RuleBasedStateMachine):
    """Whatever people, machines and hooks do, a group ends with what it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(LAUNCH, TERMINATE)

    @rule(desired=st.integers(0, 6))
    def scale(self, desired: int) -> None:
        self.world.scale(desired)

    @precondition(lambda self: any(member.wait for member in self.world.members))
    @rule(data=st.data(), result=st.sampled_from(Result))
    def complete(self, data: st.DataObject, result: Result) -> None:
        waiting = [member for member in self.world.members if member.wait]
        self.world.complete(data.draw(st.sampled_from(waiting)), result)

    @precondition(lambda self: self.world.machines.alive)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        self.world.machines.terminate(data.draw(st.sampled_from(sorted(self.world.machines.alive))))
        self.world.groups.check_health("web")

    @rule(seconds=st.integers(1, 120))
    def wait(self, seconds: int) -> None:
        self.world.time.pass_by(seconds)

    @precondition(lambda self: State.IN_SERVICE in self.world.states)
    @rule(data=st.data(), decrement=st.booleans())
    def terminate(self, data: st.DataObject, decrement: bool) -> None:
        serving = [m.instance_id for m in self.world.members if m.state is State.IN_SERVICE]
        self.world.operations.terminate(data.draw(st.sampled_from(serving)), decrement=decrement)

    @invariant()
    def capacity_is_what_is_desired(self) -> None:
        counted = [member for member in self.world.members if member.state in CAPACITY]
        assert len(counted) == self.world.group.desired

    @invariant()
    def every_running_machine_is_a_member(self) -> None:
        assert self.world.machines.alive <= {member.instance_id for member in self.world.members}

    @invariant()
    def every_waiting_instance_was_announced_by_its_token(self) -> None:
        tokens = {event.detail.get("LifecycleActionToken") for event in self.world.events}
        assert all(member.wait.token in tokens for member in self.world.members if member.wait)

    def teardown(self) -> None:
        self.world.complete_all()
        self.world.time.pass_by(1)
        self.world.complete_all()
        assert set(self.world.states) <= {"InService"}
        assert {member.instance_id for member in self.world.members} == self.world.machines.alive


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
