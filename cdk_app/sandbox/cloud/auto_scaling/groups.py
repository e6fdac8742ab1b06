"""The engine of Auto Scaling groups: capacity, lifecycle hooks, replacement (gaps G2, G6, G9).

State changes happen at once and under one lock; AWS takes seconds to minutes for the same steps. Events go
out after the change, in order, and any consumer that relies on either is wrong on AWS.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from cdk_app.sandbox.cloud.auto_scaling import activities, capacity, events, lifecycle
from cdk_app.sandbox.cloud.auto_scaling.activities import Activity
from cdk_app.sandbox.cloud.auto_scaling.model import (
    CAPACITY,
    LEAVING,
    RESTING,
    WARM,
    Group,
    Member,
    Place,
    Result,
    State,
    Subnet,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LAUNCH_RETRY_SECONDS = 10.0


class RefusedError(Exception):
    """Auto Scaling refuses a request (``ValidationError``); the text is AWS's."""


class LaunchFailedError(Exception):
    """EC2 did not launch an instance; the text says why."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What EC2 launched."""

    instance_id: str
    instance_type: str


class Machines(Protocol):
    """EC2, as a group uses it."""

    def launch(self, group: Group, subnet: Subnet) -> Machine:
        """Launch an instance from the group's template; raises `LaunchFailedError`."""

    def terminate(self, instance_id: str) -> None:
        """Terminate an instance, or nothing when it is gone."""

    def start(self, instance_id: str) -> None:
        """Start a stopped instance."""

    def stop(self, instance_id: str) -> None:
        """Stop an instance."""

    def running(self, instance_id: str) -> bool:
        """Tell whether the instance runs."""


@dataclass(slots=True)
class Roster:
    """Members and history of one group."""

    members: dict[str, Member] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    """By id, oldest first."""


class Groups:
    """Every group of the account.

    Parameters
    ----------
    machines
        EC2.
    view
        Returns the present configuration of a group, ``None`` when it does not exist.
    publish
        Sends an event.
    after
        Runs work once after some seconds.
    now
        Seconds since the epoch.
    """

    def __init__(
        self,
        machines: Machines,
        view: Callable[[str], Group | None],
        publish: Callable[[events.Event], None],
        after: Callable[[float, Callable[[], None]], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._machines = machines
        self._view = view
        self._publish = publish
        self._after = after
        self._now = now
        self._rosters: dict[str, Roster] = {}
        self.changed = threading.Condition(threading.RLock())
        """Guards every member; notified when one has left."""

    def find(self, name: str) -> tuple[Group, Roster]:
        """Return a group and its roster.

        Raises
        ------
        RefusedError
            When there is no such group.
        """
        group = self._view(name)
        if group is None:
            raise RefusedError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        return group, self._rosters.setdefault(group.arn, Roster())

    def release_all(self, name: str, cause: str) -> None:
        """Begin the way out of every member, protected, standby and warm ones included."""
        with self.changed:
            group, roster = self.find(name)
            for member in list(roster.members.values()):
                if member.destination is not Place.EC2:
                    self.leave(group, roster, member, cause)

    def wait_until_empty(self, name: str) -> None:
        """Block until a group has no member left, or is gone itself."""
        with self.changed:
            while self._view(name) is not None and self.find(name)[1].members:
                self.changed.wait()

    def forget(self, arn: str) -> list[Member]:
        """Drop a deleted group and return the members that it still had."""
        with self.changed:
            roster = self._rosters.pop(arn, Roster())
            self.changed.notify_all()
            return list(roster.members.values())

    # -- capacity ----------------------------------------------------------------------------------------

    def adjust(self, name: str, cause: str) -> None:
        """Bring a group to its desired capacity, and its warm pool to its size."""
        with self.changed:
            group, roster = self.find(name)
            missing = group.desired - len(capacity.in_capacity(roster.members.values()))
            for _ in range(missing):
                if not self._add(group, roster, cause):
                    self._after(LAUNCH_RETRY_SECONDS, lambda: self._retry(name, cause))
                    return
            for victim in capacity.victims(group, roster.members.values()):
                before = len(capacity.in_capacity(roster.members.values()))
                why = activities.shrunk(cause, self._now(), before, before - 1, victim.instance_id)
                to_pool = group.pool is not None and group.pool.reuse and victim.state is State.IN_SERVICE
                self.leave(group, roster, victim, why, to_pool=to_pool)
            self._fill_pool(group, roster)

    def _retry(self, name: str, cause: str) -> None:
        if self._view(name) is not None:
            self.adjust(name, cause)

    def _add(self, group: Group, roster: Roster, cause: str) -> bool:
        before = len(capacity.in_capacity(roster.members.values()))
        why = activities.grown(cause, self._now(), before, before + 1)
        warm = next((m for m in roster.members.values() if m.state in RESTING), None)
        if warm is None:
            return self._launch(group, roster, why, State.PENDING, Place.GROUP)
        self._machines.start(warm.instance_id)
        activity = self.begin(group, roster, activities.launching(warm.instance_id), why, warm.subnet)
        moved = replace(
            warm,
            state=State.PENDING,
            origin=Place.POOL,
            destination=Place.GROUP,
            activity=activity.id,
            done=(),
        )
        self.advance(group, roster, moved)
        return True

    def _launch(self, group: Group, roster: Roster, cause: str, state: State, destination: Place) -> bool:
        present = [m for m in roster.members.values() if m.state in CAPACITY | WARM]
        try:
            subnet = capacity.next_subnet(group.subnets, present)
            machine = self._machines.launch(group, subnet)
        except (LaunchFailedError, ValueError) as error:
            activity = self.begin(group, roster, "Launching a new EC2 instance", cause, None)
            self.end(roster, activity.id, "Failed", f"{error} Launching EC2 instance failed.")
            return False
        activity = self.begin(group, roster, activities.launching(machine.instance_id), cause, subnet)
        member = Member(
            instance_id=machine.instance_id,
            subnet=subnet,
            instance_type=machine.instance_type,
            template=group.template,
            launched=self._now(),
            activity=activity.id,
            state=state,
            destination=destination,
            protected=group.protect_new and destination is Place.GROUP,
        )
        self.advance(group, roster, member)
        return True

    def _fill_pool(self, group: Group, roster: Roster) -> None:
        size = group.pool.size if group.pool else 0
        pooled = capacity.in_pool(roster.members.values())
        cause = f"At {activities.timestamp(self._now())} the size of the warm pool differed from {size}."
        for _ in range(size - len(pooled)):
            if not self._launch(group, roster, cause, State.WARMED_PENDING, Place.POOL):
                return
        for member in pooled[size:]:
            self.leave(group, roster, member, cause)

    # -- lifecycle ---------------------------------------------------------------------------------------

    def advance(self, group: Group, roster: Roster, member: Member) -> None:
        """Move a member on: into the wait of its next hook, or to where its activity takes it."""
        hook = lifecycle.next_hook(member, group.hooks)
        if hook is not None:
            waiting = lifecycle.begin_wait(member, hook, str(uuid.uuid4()), self._now())
            roster.members[member.instance_id] = waiting
            held = replace(roster.activities[member.activity], status="MidLifecycleAction")
            roster.activities[held.id] = held
            self._publish(events.lifecycle_action(group, waiting))
            self._watch(group.name, waiting)
        elif member.destination is Place.EC2:
            self._machines.terminate(member.instance_id)
            del roster.members[member.instance_id]
            self._succeed(group, roster, member)
            self.changed.notify_all()
        elif member.destination is Place.POOL:
            resting = group.pool.state if group.pool else State.WARMED_STOPPED
            if resting is not State.WARMED_RUNNING:
                self._machines.stop(member.instance_id)
            roster.members[member.instance_id] = replace(member, state=resting)
            self._succeed(group, roster, member)
        else:
            roster.members[member.instance_id] = replace(member, state=State.IN_SERVICE)
            self._succeed(group, roster, member)
            if not self._machines.running(member.instance_id):
                self._after(0.0, lambda: self.check_health(group.name))

    def leave(
        self, group: Group, roster: Roster, member: Member, cause: str, *, to_pool: bool = False
    ) -> Activity:
        """Begin a member's way out of the group, through the termination hooks."""
        if roster.activities[member.activity].ended is None:
            self.end(roster, member.activity, "Cancelled", "")
        activity = self.begin(group, roster, activities.terminating(member.instance_id), cause, member.subnet)
        pooled = member.state in WARM
        state = State.WARMED_PENDING if to_pool else State.WARMED_TERMINATING if pooled else State.TERMINATING
        leaving = replace(
            member,
            state=state,
            origin=Place.POOL if pooled else Place.GROUP,
            destination=Place.POOL if to_pool else Place.EC2,
            activity=activity.id,
            wait=None,
            done=(),
        )
        self.advance(group, roster, leaving)
        return activity

    def complete(
        self, name: str, hook: str, result: Result, *, token: str = "", instance_id: str = ""
    ) -> None:
        """End the lifecycle action of a member, addressed by token or instance id.

        Raises
        ------
        RefusedError
            When no such action is in progress.
        """
        with self.changed:
            group, roster = self.find(name)
            member = _waiting(roster, hook, token, instance_id)
            self._finish(group, roster, member, result, expired=False)

    def heartbeat(self, name: str, hook: str, *, token: str = "", instance_id: str = "") -> None:
        """Start the timer of a lifecycle action again.

        Raises
        ------
        RefusedError
            When no such action is in progress.
        """
        with self.changed:
            _, roster = self.find(name)
            beaten = lifecycle.heartbeat(_waiting(roster, hook, token, instance_id), self._now())
            roster.members[beaten.instance_id] = beaten
            self._watch(name, beaten)

    def _watch(self, name: str, member: Member) -> None:
        if member.wait is not None:
            token, seconds = member.wait.token, member.wait.deadline - self._now()
            self._after(seconds, lambda: self._expire(name, member.instance_id, token))

    def _expire(self, name: str, instance_id: str, token: str) -> None:
        with self.changed:
            if self._view(name) is None:
                return
            group, roster = self.find(name)
            member = roster.members.get(instance_id)
            if member is None or member.wait is None or member.wait.token != token:
                return
            if member.wait.deadline <= self._now():
                self._finish(group, roster, member, member.wait.hook.default, expired=True)

    def _finish(self, group: Group, roster: Roster, member: Member, result: Result, *, expired: bool) -> None:
        if member.wait is None:
            raise ValueError(member.instance_id)
        passed = lifecycle.end_wait(member)
        if result is Result.CONTINUE:
            self.advance(group, roster, passed)
        elif member.destination is Place.EC2 or member.origin is Place.GROUP:
            # An abandoned termination terminates too; what it skips are the hooks that are left.
            skipped = tuple(hook.name for hook in group.hooks)
            self.advance(group, roster, replace(passed, done=skipped))
        else:
            message = activities.abandoned(member.wait.token, expired)
            failed = self.end(roster, member.activity, "Failed", message)
            self._publish(events.unsuccessful(group, member, failed))
            cause = f"At {activities.timestamp(self._now())} {message}"
            self.leave(group, roster, passed, cause)
            self.adjust(group.name, cause)

    def check_health(self, name: str) -> None:
        """Replace the members in service whose machine no longer runs."""
        with self.changed:
            if self._view(name) is None:
                return
            _, roster = self.find(name)
            dead = [
                member.instance_id
                for member in roster.members.values()
                if member.state is State.IN_SERVICE and not self._machines.running(member.instance_id)
            ]
            for instance_id in dead:
                self.replace_unhealthy(name, instance_id, running=False)

    def replace_unhealthy(self, name: str, instance_id: str, *, running: bool) -> None:
        """Terminate an unhealthy member, through the termination hooks, and launch another."""
        with self.changed:
            group, roster = self.find(name)
            member = roster.members[instance_id]
            if member.state in LEAVING:
                return
            cause = activities.unhealthy(self._now(), running)
            self.leave(group, roster, replace(member, healthy=False), cause)
            self.adjust(name, cause)

    # -- activities --------------------------------------------------------------------------------------

    def begin(
        self, group: Group, roster: Roster, description: str, cause: str, subnet: Subnet | None
    ) -> Activity:
        """Record the start of an activity."""
        activity = Activity(str(uuid.uuid4()), group.name, description, cause, self._now(), subnet)
        roster.activities[activity.id] = activity
        return activity

    def end(self, roster: Roster, activity_id: str, status: str, message: str) -> Activity:
        """Record the end of an activity."""
        ended = replace(roster.activities[activity_id], status=status, message=message, ended=self._now())
        roster.activities[activity_id] = ended
        return ended

    def _succeed(self, group: Group, roster: Roster, member: Member) -> None:
        activity = self.end(roster, member.activity, "Successful", "")
        self._publish(events.successful(group, member, activity))


def _waiting(roster: Roster, hook: str, token: str, instance_id: str) -> Member:
    for member in roster.members.values():
        wait = member.wait
        if wait is not None and wait.hook.name == hook:
            if token and wait.token == token:
                return member
            if not token and member.instance_id == instance_id:
                return member
    address = f"token {token}" if token else f"instance ID {instance_id}"
    raise RefusedError(f"No active Lifecycle Action found with {address}")
