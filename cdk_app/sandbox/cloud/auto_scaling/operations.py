"""Requests about single instances: terminate, health, standby, attach, detach, protection."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.auto_scaling import activities
from cdk_app.sandbox.cloud.auto_scaling.model import CAPACITY, LEAVING, Member, State
from cdk_app.sandbox.cloud.auto_scaling.ports import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cdk_app.sandbox.cloud.auto_scaling.activities import Activity
    from cdk_app.sandbox.cloud.auto_scaling.groups import Groups
    from cdk_app.sandbox.cloud.auto_scaling.model import Group
    from cdk_app.sandbox.cloud.auto_scaling.ports import Roster


class Operations:
    """What a person does to instances of groups.

    Parameters
    ----------
    groups
        The engine.
    names
        Returns the names of the groups that exist.
    resize
        Stores a new desired capacity.
    now
        Seconds since the epoch.
    """

    def __init__(
        self,
        groups: Groups,
        names: Callable[[], Iterable[str]],
        resize: Callable[[str, int], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._groups = groups
        self._names = names
        self._resize = resize
        self._now = now

    def home(self, instance_id: str) -> tuple[Group, Roster, Member]:
        """Return the group of an instance, its roster and the member.

        Raises
        ------
        RefusedError
            When no group has the instance.
        """
        for name in self._names():
            group, roster = self._groups.find(name)
            if instance_id in roster.members:
                return group, roster, roster.members[instance_id]
        raise RefusedError(
            f"Instance Id not found - No managed instance found for instance ID: {instance_id}"
        )

    def terminate(self, instance_id: str, *, decrement: bool) -> Activity:
        """Terminate an instance through the termination hooks, with or without a replacement."""
        with self._groups.changed:
            group, roster, member = self.home(instance_id)
            if member.state in LEAVING:
                raise RefusedError(f"Instance {instance_id} is not in InService or Standby.")
            if decrement and member.state in CAPACITY:
                self._shrink(group, 1)
            cause = activities.requested(self._now(), instance_id)
            activity = self._groups.movement.leave(group, roster, member, cause)
            self._groups.adjust(group.name, cause)
            return activity

    def set_health(self, instance_id: str, status: str) -> None:
        """Report the health that a check of the person's own has found."""
        with self._groups.changed:
            group, roster, member = self.home(instance_id)
            if status == "Unhealthy":
                self._groups.replace_unhealthy(group.name, instance_id, running=True)
            elif status == "Healthy":
                roster.members[instance_id] = replace(member, healthy=True)
            else:
                raise RefusedError(f"Invalid value '{status}' for HealthStatus: Healthy or Unhealthy")

    def enter_standby(self, name: str, instance_ids: Sequence[str], *, decrement: bool) -> list[Activity]:
        """Take instances in service out of the group's capacity; their machines go on."""
        with self._groups.changed:
            group, roster = self._groups.find(name)
            members = _members(roster, instance_ids, State.IN_SERVICE)
            if decrement:
                self._shrink(group, len(members))
            done = [
                self._settle(group, roster, member, "Moving EC2 instance to Standby", State.STANDBY)
                for member in members
            ]
            self._groups.adjust(name, done[0].cause)
            return done

    def exit_standby(self, name: str, instance_ids: Sequence[str]) -> list[Activity]:
        """Return instances to service through the launch hooks; the desired capacity grows by them."""
        with self._groups.changed:
            group, roster = self._groups.find(name)
            members = _members(roster, instance_ids, State.STANDBY)
            self._grow(group, len(members))
            return [
                self._enter(group, roster, member, "Moving EC2 instance out of Standby") for member in members
            ]

    def attach(self, name: str, members: Sequence[Member]) -> None:
        """Take running instances into a group, through its launch hooks; the desired capacity grows."""
        with self._groups.changed:
            group, roster = self._groups.find(name)
            self._grow(group, len(members))
            for member in members:
                self._enter(group, roster, member, "Attaching an existing EC2 instance")

    def detach(self, name: str, instance_ids: Sequence[str], *, decrement: bool) -> list[Activity]:
        """Let instances leave the group without terminating them; no hook runs."""
        with self._groups.changed:
            group, roster = self._groups.find(name)
            members = _members(roster, instance_ids, State.IN_SERVICE, State.STANDBY)
            counted = [member for member in members if member.state is State.IN_SERVICE]
            if decrement:
                self._shrink(group, len(counted))
            done = [
                self._settle(group, roster, member, "Detaching EC2 instance", member.state)
                for member in members
            ]
            for member in members:
                del roster.members[member.instance_id]
            self._groups.changed.notify_all()
            self._groups.adjust(name, done[0].cause)
            return done

    def protect(self, name: str, instance_ids: Sequence[str], *, protected: bool) -> None:
        """Protect instances from scale-in, or no longer."""
        with self._groups.changed:
            _, roster = self._groups.find(name)
            for member in _members(roster, instance_ids, *State):
                roster.members[member.instance_id] = replace(member, protected=protected)

    def _settle(self, group: Group, roster: Roster, member: Member, what: str, state: State) -> Activity:
        movement, cause = self._groups.movement, self._cause(what)
        activity = movement.begin(group, roster, f"{what}: {member.instance_id}", cause, member.subnet)
        roster.members[member.instance_id] = replace(member, state=state, activity=activity.id)
        return movement.end(roster, activity.id, "Successful")

    def _enter(self, group: Group, roster: Roster, member: Member, what: str) -> Activity:
        description = f"{what}: {member.instance_id}"
        return self._groups.movement.enter(group, roster, member, description, self._cause(what))

    def _cause(self, what: str) -> str:
        return f"At {activities.timestamp(self._now())} {what.lower()} in response to a user request."

    def _shrink(self, group: Group, count: int) -> None:
        if group.desired - count < group.minimum:
            raise RefusedError(
                f"Currently, desiredSize equals minSize ({group.minimum}). Terminating instance without "
                "replacement will violate group's min size constraint. Either set "
                "shouldDecrementDesiredCapacity flag to false or lower group's min size."
            )
        self._resize(group.name, group.desired - count)

    def _grow(self, group: Group, count: int) -> None:
        if group.desired + count > group.maximum:
            raise RefusedError(
                f"AutoScalingGroup {group.name} has min-size={group.minimum}, max-size={group.maximum}, "
                f"and desired-size={group.desired}. To add {count} more instances, please update the "
                "AutoScalingGroup sizes appropriately."
            )
        self._resize(group.name, group.desired + count)


def _members(roster: Roster, instance_ids: Sequence[str], *states: State) -> list[Member]:
    found = [roster.members[i] for i in instance_ids if i in roster.members]
    if len(found) != len(instance_ids) or not found:
        missing = [i for i in instance_ids if i not in roster.members]
        raise RefusedError(f"The instances {missing} are not part of Auto Scaling group.")
    for member in found:
        if member.state not in states:
            raise RefusedError(
                f"The instance {member.instance_id} is not in {' or '.join(states)} state: {member.state}"
            )
    return found
