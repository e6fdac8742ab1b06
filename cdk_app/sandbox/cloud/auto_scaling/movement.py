"""How members enter and leave a group: activities, hooks, arrival, events."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.auto_scaling import activities, events, lifecycle
from cdk_app.sandbox.cloud.auto_scaling.activities import Activity
from cdk_app.sandbox.cloud.auto_scaling.model import WARM, Member, Place, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.cloud.auto_scaling.model import Group, Subnet
    from cdk_app.sandbox.cloud.auto_scaling.ports import Machines, Roster


class Movement:
    """Moves members of a roster; its caller holds the lock and looks after the capacity.

    Parameters
    ----------
    machines
        EC2.
    publish
        Sends an event.
    waits
        Told of every member that begins to wait for a hook.
    now
        Seconds since the epoch.
    """

    def __init__(
        self,
        machines: Machines,
        publish: Callable[[events.Event], None],
        waits: Callable[[Group, Member], None],
        now: Callable[[], float],
    ) -> None:
        self._machines = machines
        self._publish = publish
        self._waits = waits
        self._now = now

    def begin(
        self, group: Group, roster: Roster, description: str, cause: str, subnet: Subnet | None
    ) -> Activity:
        """Record the start of an activity."""
        activity = Activity(str(uuid.uuid4()), group.name, description, cause, self._now(), subnet)
        roster.activities[activity.id] = activity
        return activity

    def end(self, roster: Roster, activity_id: str, status: str, message: str = "") -> Activity:
        """Record the end of an activity."""
        ended = replace(roster.activities[activity_id], status=status, message=message, ended=self._now())
        roster.activities[activity_id] = ended
        return ended

    def enter(
        self,
        group: Group,
        roster: Roster,
        member: Member,
        description: str,
        cause: str,
        *,
        origin: Place = Place.EC2,
    ) -> Activity:
        """Begin a member's way into service, through the launch hooks."""
        activity = self.begin(group, roster, description, cause, member.subnet)
        entering = replace(
            member,
            state=State.PENDING,
            origin=origin,
            destination=Place.GROUP,
            activity=activity.id,
            done=(),
        )
        self.advance(group, roster, entering)
        return activity

    def leave(
        self, group: Group, roster: Roster, member: Member, cause: str, *, to_pool: bool = False
    ) -> Activity:
        """Begin a member's way out of the group or into its warm pool, through the termination hooks."""
        if roster.activities[member.activity].ended is None:
            self.end(roster, member.activity, "Cancelled")
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

    def fail(self, group: Group, roster: Roster, member: Member, message: str) -> None:
        """Record that a member's launch has failed."""
        failed = self.end(roster, member.activity, "Failed", message)
        self._publish(events.unsuccessful(group, member, failed))

    def advance(self, group: Group, roster: Roster, member: Member) -> None:
        """Move a member on: into the wait of its next hook, or to where its activity takes it."""
        hook = lifecycle.next_hook(member, group.hooks)
        if hook is None:
            self._arrive(group, roster, member)
            return
        waiting = lifecycle.begin_wait(member, hook, str(uuid.uuid4()), self._now())
        roster.members[member.instance_id] = waiting
        held = replace(roster.activities[member.activity], status="MidLifecycleAction")
        roster.activities[held.id] = held
        self._publish(events.lifecycle_action(group, waiting))
        self._waits(group, waiting)

    def _arrive(self, group: Group, roster: Roster, member: Member) -> None:
        if member.destination is Place.EC2:
            self._machines.terminate(member.instance_id)
            roster.members.pop(member.instance_id, None)
        elif member.destination is Place.POOL:
            resting = group.pool.state if group.pool else State.WARMED_STOPPED
            if resting is not State.WARMED_RUNNING:
                self._machines.stop(member.instance_id)
            roster.members[member.instance_id] = replace(member, state=resting)
        else:
            roster.members[member.instance_id] = replace(member, state=State.IN_SERVICE)
        activity = self.end(roster, member.activity, "Successful")
        self._publish(events.successful(group, member, activity))
