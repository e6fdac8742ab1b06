"""What is missing between a group and its mirror in Deploy: a pure function of what was observed.

Nothing here does or asks anything. A plan is made anew after every look, so it holds no state of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.reconciliation.actions import (
    Hold,
    Interruption,
    Membership,
    Plan,
    Register,
    Release,
    Remove,
    Rollout,
)
from runtime.reconciliation.gates import Gates
from runtime.reconciliation.model import STANDBY, Application, Disposition, Observed, disposition
from runtime.reconciliation.ownership import own_instance
from runtime.reconciliation.roster import Roster

if TYPE_CHECKING:
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory

UNDEPLOY_SECONDS = 30.0
"""What an interrupted machine must have left for steps to begin on it.

Deploy waits about as long for a connection that nobody answers any more.
"""


def unclear(config: GroupConfig, observed: Observed, memory: Memory) -> frozenset[str]:
    """Return the instances about which EC2 has to be asked before planning.

    Those are: new ones (address), serving ones that have lost host or membership (interrupted?), waiting
    ones that leave (alive?), those in standby (stopped?), failed ones (still starting?) and those that the
    group no longer lists although they have a host.
    """
    if observed.group is None:
        return frozenset()
    hosts = {own_instance(config, host) for host in observed.hosts}
    joined = hosts if observed.members is None else {own_instance(config, host) for host in observed.members}
    registered = hosts | joined
    failed = {instance for failures in memory.failures.values() for instance in failures}
    wanted = set()
    for instance in observed.group.instances:
        kind = disposition(instance.lifecycle)
        known = instance.id in registered
        if (
            (kind is Disposition.SERVE and instance.id not in hosts & joined)
            or (kind is Disposition.PARK and not known)
            or (kind in {Disposition.LEAVE, Disposition.PARK} and known and instance.waiting)
            or instance.lifecycle in STANDBY
            or instance.id in failed
        ):
            wanted.add(instance.id)
    listed = {instance.id for instance in observed.group.instances}
    return frozenset(wanted | {i for i in registered if i is not None and i not in listed})


def plan(config: GroupConfig, observed: Observed, memory: Memory) -> Plan:
    """Return what to do about a group.

    Parameters
    ----------
    config : GroupConfig
        The group's configuration.
    observed : Observed
        One look at both sides, with the machines that `unclear` asked for.
    memory : Memory
        What is known from before; only read.
    """
    if observed.group is None:
        reason = "AWS knows no such group: nothing is removed"
        return Plan(holds=(Hold(config.group, "GroupsMissing", reason),))
    roster = Roster(config, observed, observed.group, memory)
    return _Planner(config, observed, roster, memory).plan()


class _Planner:
    """The parts of one plan."""

    def __init__(self, config: GroupConfig, observed: Observed, roster: Roster, memory: Memory) -> None:
        self._config, self._observed, self._roster, self._memory = config, observed, roster, memory
        self._gates = Gates(config, observed, roster, memory)

    def plan(self) -> Plan:
        """Return the plan."""
        register, lacking_address = self._register()
        if self._observed.members is None:
            reason = f"there is no environment {self._config.environment}: hosts join it when it is back"
            hold = Hold(self._config.environment, "EnvironmentsMissing", reason)
            return Plan(
                register=register,
                heartbeats=self._gates.heartbeats(),
                holds=(hold, *self._holds()),
                retry_after=60,
            )
        able = self._roster.serve & (self._roster.registered | {item.instance for item in register})
        releases = self._gates.releases()
        return Plan(
            register=register,
            membership=self._membership(able),
            rollouts=self._rollouts(able - self._gates.abandoned()),
            releases=releases,
            removals=self._removals(),
            heartbeats=self._gates.heartbeats(),
            interruptions=self._interruptions(releases),
            holds=self._holds(),
            retry_after=5 if lacking_address else self._backoff(),
        )

    def _register(self) -> tuple[tuple[Register, ...], bool]:
        found, lacking = [], False
        lacking_host = (self._roster.serve | self._roster.park) - self._roster.registered
        for instance_id in sorted(lacking_host - self._observed.refused):
            lifecycle = self._roster.instances[instance_id].lifecycle
            machine = self._roster.machine(instance_id)
            address = machine.reached_at(self._config.address)
            if address in self._observed.taken:
                continue
            if address:
                found.append(Register(instance_id, address, f"{lifecycle} without a host"))
            else:
                lacking = lacking or not machine.dead
        return tuple(found), lacking

    def _membership(self, able: frozenset[str]) -> Membership | None:
        joining, parting = able - self._roster.joined, self._roster.parting & self._roster.joined
        if not joining and not parting:
            return None
        reason = f"{len(joining)} serving, {len(parting)} leaving, parked or gone{self._notices(parting)}"
        return Membership(
            frozenset(map(self._config.host_id, joining)),
            frozenset(map(self._config.host_id, parting)),
            reason,
        )

    def _rollouts(self, able: frozenset[str]) -> tuple[Rollout, ...]:
        found = []
        deployed = self._observed.applications
        there = {application.id for application in deployed}
        returning = [Application(*item) for item in self._memory.remembered.items() if item[0] not in there]
        ready = able
        for application in sorted((*deployed, *returning), key=self._rank):
            # Nothing comes onto a host before what is declared to be there first.
            if application.name in self._config.order:
                ready = self._tryable(application, ready)
            arriving, leaving = self._tryable(application, ready), frozenset[str]()
            initial = application.id not in there
            if not initial:
                arriving = frozenset(i for i in arriving if not self._roster.verified(application, i))
                leaving = frozenset(i for i in self._roster.parting if self._roster.has(application, i))
            if arriving or leaving:
                found.append(self._rollout(application, arriving, leaving, initial=initial))
        return tuple(found)

    def _tryable(self, application: Application, instance_ids: frozenset[str]) -> frozenset[str]:
        return frozenset(i for i in instance_ids if not self._backing_off(application, i))

    def _rollout(
        self, application: Application, arriving: frozenset[str], leaving: frozenset[str], *, initial: bool
    ) -> Rollout:
        dead = frozenset(i for i in leaving if not self._undeployable(i))
        forgotten = frozenset(i for i in leaving if self._memory.undeploys.get(i, 0) >= 2)
        reason = (
            f"{len(arriving)} to be checked or deployed, {len(leaving)} leaving, {len(dead)} of them dead"
            f"{self._notices(leaving)}"
        )
        until = min((end - UNDEPLOY_SECONDS for i in leaving - dead if (end := self._end(i))), default=None)
        return Rollout(application, arriving, leaving, dead, forgotten, initial, reason, until)

    def _end(self, instance_id: str) -> float | None:
        return self._roster.machine(instance_id).interruption

    def _notices(self, instance_ids: frozenset[str]) -> str:
        notices = ((i, self._roster.notice(i)) for i in sorted(instance_ids))
        return "".join(f"; {instance_id} {notice}" for instance_id, notice in notices if notice)

    def _rank(self, application: Application) -> tuple[int, str]:
        order, name = self._config.order, application.name
        return (order.index(name) if name in order else len(order), name)

    def _backing_off(self, application: Application, instance_id: str) -> bool:
        failure = self._memory.failure(application, instance_id)
        return failure is not None and self._observed.at < failure.retry_at

    def _backoff(self) -> int | None:
        """Return the seconds until a deployment that failed on a starting machine is tried again."""
        waits = [
            failure.retry_at - self._observed.at
            for application in self._observed.applications
            for instance_id in self._roster.serve
            if (failure := self._memory.failure(application, instance_id)) is not None and failure.count == 0
        ]
        return max(1, round(min(waits))) if waits else None

    def _undeployable(self, instance_id: str) -> bool:
        """Whether undeploy steps can run: the machine goes on for a while, and no attempt has failed.

        It runs, and does so while a hook holds it, but no longer than until EC2 takes it back.
        """
        instance, end = self._roster.instances.get(instance_id), self._end(instance_id)
        return (
            instance is not None
            and (instance.waiting or instance_id in self._roster.interrupted)
            and (end is None or end - self._observed.at >= UNDEPLOY_SECONDS)
            and self._roster.machine(instance_id).running
            and not self._memory.undeploys.get(instance_id)
        )

    def _removals(self) -> tuple[Remove, ...]:
        roster = self._roster
        unused = (i for i in sorted((roster.leave | roster.gone) & roster.registered) if roster.bare(i))
        return tuple(
            Remove(i, f"{roster.instances[i].lifecycle}{self._notices(frozenset({i}))}")
            if i in roster.instances
            else Remove(i, "no longer in the group")
            for i in unused
        )

    def _interruptions(self, releases: tuple[Release, ...]) -> tuple[Interruption, ...]:
        """Return those that are told for the first time: they are members or wait for us still."""
        roster = self._roster
        new = roster.interrupted & (roster.joined | {release.instance for release in releases})
        return tuple(
            Interruption(i, f"{roster.instances[i].lifecycle}, {roster.notice(i)}") for i in sorted(new)
        )

    def _holds(self) -> tuple[Hold, ...]:
        roster = self._roster
        found = [Hold(self._config.group, "RemovalsHeld", roster.held_reason)] if roster.held else []
        for instance_id in sorted((roster.serve | roster.park) - roster.registered):
            address = roster.machine(instance_id).reached_at(self._config.address)
            renamed = self._observed.taken.get(address)
            if renamed is not None:
                reason = f"{renamed} has its address: it is registered again when that host is gone"
                found.append(Hold(instance_id, "HostsRenamed", reason))
        for application in self._observed.applications:
            breaker = self._memory.breaker(application.id, application.version)
            if breaker.open:
                reason = f"{breaker.failures} failed tasks in a row: instances are kept, not replaced"
                found.append(Hold(application.version, "BreakersOpen", reason))
        return tuple(found)
