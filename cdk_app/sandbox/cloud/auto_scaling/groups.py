"""The engine of Auto Scaling groups: capacity, lifecycle actions, replacement.

State changes happen at once and under one lock; AWS takes seconds to minutes for the same steps. Events go
out after the change, in order, and any consumer that relies on either is wrong on AWS.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.auto_scaling import activities, capacity, lifecycle
from cdk_app.sandbox.cloud.auto_scaling.model import (
    CAPACITY,
    LEAVING,
    RESTING,
    WARM,
    Member,
    Place,
    Result,
    State,
    Transition,
)
from cdk_app.sandbox.cloud.auto_scaling.movement import Movement
from cdk_app.sandbox.cloud.auto_scaling.ports import LaunchFailedError, RefusedError, Roster

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.cloud.auto_scaling.events import Event
    from cdk_app.sandbox.cloud.auto_scaling.model import Group
    from cdk_app.sandbox.cloud.auto_scaling.ports import Machines

LAUNCH_RETRY_SECONDS = 10.0


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

    Attributes
    ----------
    changed : threading.Condition
        Guards every member; notified when one may have left.
    movement : Movement
        Moves single members; only for who holds `changed`.
    """

    def __init__(
        self,
        machines: Machines,
        view: Callable[[str], Group | None],
        publish: Callable[[Event], None],
        after: Callable[[float, Callable[[], None]], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._machines = machines
        self._view = view
        self._after = after
        self._now = now
        self._rosters: dict[str, Roster] = {}
        self.changed = threading.Condition(threading.RLock())
        self.movement = Movement(machines, publish, self._watch, now)

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
                    self.movement.leave(group, roster, member, cause)

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

    # -- capacity

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
                self.movement.leave(group, roster, victim, why, to_pool=to_pool)
            self._fill_pool(group, roster)
            self.changed.notify_all()

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
        description = activities.launching(warm.instance_id)
        self.movement.enter(group, roster, warm, description, why, origin=Place.POOL)
        return True

    def _launch(self, group: Group, roster: Roster, cause: str, state: State, destination: Place) -> bool:
        present = [m for m in roster.members.values() if m.state in CAPACITY | WARM]
        try:
            subnet = capacity.next_subnet(group.subnets, present)
            machine = self._machines.launch(group, subnet)
        except (LaunchFailedError, ValueError) as error:
            activity = self.movement.begin(group, roster, "Launching a new EC2 instance", cause, None)
            self.movement.end(roster, activity.id, "Failed", f"{error} Launching EC2 instance failed.")
            return False
        description = activities.launching(machine.instance_id)
        activity = self.movement.begin(group, roster, description, cause, subnet)
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
        self.movement.advance(group, roster, member)
        return True

    def _fill_pool(self, group: Group, roster: Roster) -> None:
        size = group.pool.size if group.pool else 0
        pooled = capacity.in_pool(roster.members.values())
        cause = f"At {activities.timestamp(self._now())} the size of the warm pool differed from {size}."
        for _ in range(size - len(pooled)):
            if not self._launch(group, roster, cause, State.WARMED_PENDING, Place.POOL):
                return
        for member in pooled[size:]:
            self.movement.leave(group, roster, member, cause)

    # -- lifecycle actions

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
            group, roster = self.find(name)
            beaten = lifecycle.heartbeat(_waiting(roster, hook, token, instance_id), self._now())
            roster.members[beaten.instance_id] = beaten
            self._watch(group, beaten)

    def drop_hook(self, name: str, hook: str) -> None:
        """End what a deleted hook held up: launches are abandoned, terminations go on (API reference)."""
        with self.changed:
            if self._view(name) is None:
                return
            group, roster = self.find(name)
            for member in list(roster.members.values()):
                if member.wait is not None and member.wait.hook.name == hook:
                    launching = member.wait.hook.transition is Transition.LAUNCHING
                    result = Result.ABANDON if launching else Result.CONTINUE
                    self._finish(group, roster, member, result, expired=False)

    def _watch(self, group: Group, member: Member) -> None:
        if member.wait is not None:
            token, seconds = member.wait.token, member.wait.deadline - self._now()
            self._after(seconds, lambda: self._expire(group.name, member.instance_id, token))

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
            self.movement.advance(group, roster, passed)
            if not self._machines.running(member.instance_id):
                self._after(0.0, lambda: self.check_health(group.name))
        elif lifecycle.transition(member) is Transition.TERMINATING:
            # An abandoned termination terminates too; what it skips are the hooks that are left.
            skipped = tuple(hook.name for hook in group.hooks)
            self.movement.advance(group, roster, replace(passed, done=skipped))
        else:
            message = activities.abandoned(member.wait.token, expired)
            self.movement.fail(group, roster, member, message)
            cause = f"At {activities.timestamp(self._now())} {message}"
            self.movement.leave(group, roster, passed, cause)
            self.adjust(group.name, cause)
        self.changed.notify_all()

    # -- health

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
            self.movement.leave(group, roster, replace(member, healthy=False), cause)
            self.adjust(name, cause)


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
