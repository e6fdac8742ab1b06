"""What is missing between a group and its mirror in Deploy: a pure function of what was observed.

Nothing here does or asks anything. A plan is made anew after every look, so it holds no state of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.reconciliation.actions import (
    Heartbeat,
    Hold,
    Membership,
    Plan,
    Register,
    Release,
    Remove,
    Rollout,
)
from runtime.reconciliation.model import (
    STANDBY,
    Application,
    Disposition,
    Group,
    Instance,
    Machine,
    Observed,
    disposition,
)
from runtime.reconciliation.ownership import counts_by_instance, own_instance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory

REMOVAL_SHARE = 0.5
"""More hosts than this share losing their instance at once need AWS's or EC2's confirmation."""


def unclear(config: GroupConfig, observed: Observed, memory: Memory) -> frozenset[str]:
    """Return the instances about which EC2 has to be asked before planning.

    Those are: new ones (address), waiting ones that leave (alive?), those in standby (stopped?), failed ones
    (still starting?) and those that the group no longer lists although they have a host.
    """
    if observed.group is None:
        return frozenset()
    registered = {own_instance(config, host) for host in observed.hosts | (observed.members or frozenset())}
    failed = {instance for failures in memory.failures.values() for instance in failures}
    wanted = set()
    for instance in observed.group.instances:
        kind = disposition(instance.lifecycle)
        known = instance.id in registered
        if (
            (kind in {Disposition.SERVE, Disposition.PARK} and not known)
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
    return _Planner(config, observed, observed.group, memory).plan()


class _Planner:
    """The parts of one plan; they share the lists made in `__init__`."""

    def __init__(self, config: GroupConfig, observed: Observed, group: Group, memory: Memory) -> None:
        self._config, self._observed, self._group, self._memory = config, observed, group, memory
        self._members = observed.members or frozenset()
        self._instances = {instance.id: instance for instance in group.instances}
        self._registered = self._ids(observed.hosts)
        self._joined = self._ids(self._members)
        self._counts = {app.id: counts_by_instance(config, app) for app in observed.applications}
        self._serve, self._park, self._leave = self._sorted()
        gone = (self._registered | self._joined) - self._instances.keys()
        self._held, self._held_reason = self._guard(gone)
        self._gone = gone - self._held
        self._parting = self._park | self._leave | self._gone

    def plan(self) -> Plan:
        """Return the plan."""
        register, lacking_address = self._register()
        if self._observed.members is None:
            reason = f"there is no environment {self._config.environment}: hosts join it when it is back"
            hold = Hold(self._config.environment, "EnvironmentsMissing", reason)
            return Plan(
                register=register,
                heartbeats=self._heartbeats(frozenset()),
                holds=(hold, *self._holds()),
                retry_after=60,
            )
        able = self._serve & (self._registered | {item.instance for item in register})
        rollouts = self._rollouts(able)
        releases = (*self._launch_releases(), *self._leave_releases())
        return Plan(
            register=register,
            membership=self._membership(able),
            rollouts=rollouts,
            releases=releases,
            removals=self._removals(),
            heartbeats=self._heartbeats(frozenset(release.instance for release in releases)),
            holds=self._holds(),
            retry_after=5 if lacking_address else self._backoff(),
        )

    def _ids(self, ci_ids: Iterable[str]) -> frozenset[str]:
        found = (own_instance(self._config, ci_id) for ci_id in ci_ids)
        return frozenset(instance_id for instance_id in found if instance_id is not None)

    def _sorted(self) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        by_kind: dict[Disposition, set[str]] = {kind: set() for kind in Disposition}
        for instance in self._group.instances:
            kind = disposition(instance.lifecycle)
            machine = self._observed.machines.get(instance.id)
            asleep = machine is not None and machine.state in {"stopping", "stopped"}
            if kind is Disposition.SERVE and instance.lifecycle in STANDBY and asleep:
                kind = Disposition.PARK
            by_kind[kind].add(instance.id)
        return (
            frozenset(by_kind[Disposition.SERVE]),
            frozenset(by_kind[Disposition.PARK]),
            frozenset(by_kind[Disposition.LEAVE]),
        )

    def _guard(self, gone: frozenset[str]) -> tuple[frozenset[str], str]:
        """Return those hosts without instance that stay for now, because the answer looks odd."""
        present = sum(
            not i.lifecycle.startswith("Warmed:") and i.id not in self._leave for i in self._group.instances
        )
        if not gone or present >= self._group.desired:
            return frozenset(), ""
        if not self._instances:
            return gone, f"AWS lists no instance of {self._group.desired} desired: nothing is removed"
        if len(gone) > max(1, REMOVAL_SHARE * len(self._registered | self._joined)):
            alive = frozenset(i for i in gone if not self._machine(i).dead)
            return (
                alive,
                f"{len(gone)} hosts lost their instance at once, {present} of {self._group.desired} left",
            )
        return frozenset(), ""

    def _machine(self, instance_id: str) -> Machine:
        return self._observed.machines.get(instance_id, Machine(address="", state="unknown"))

    def _register(self) -> tuple[tuple[Register, ...], bool]:
        found, lacking = [], False
        for instance_id in sorted((self._serve | self._park) - self._registered):
            lifecycle = self._instances[instance_id].lifecycle
            machine = self._machine(instance_id)
            address = machine.reached_at(self._config.address)
            if address in self._observed.taken:
                continue
            if address:
                found.append(Register(instance_id, address, f"{lifecycle} without a host"))
            else:
                lacking = lacking or not machine.dead
        return tuple(found), lacking

    def _membership(self, able: frozenset[str]) -> Membership | None:
        joining, parting = able - self._joined, self._parting & self._joined
        if not joining and not parting:
            return None
        reason = f"{len(joining)} serving, {len(parting)} leaving, parked or gone"
        return Membership(
            frozenset(map(self._config.host_id, joining)),
            frozenset(map(self._config.host_id, parting)),
            reason,
        )

    def _rollouts(self, able: frozenset[str]) -> tuple[Rollout, ...]:
        found = []
        observed = {application.id for application in self._observed.applications}
        for application in self._observed.applications:
            arriving = frozenset(
                i
                for i in able
                if not self._verified(application, i) and not self._backing_off(application, i)
            )
            leaving = frozenset(i for i in self._parting if self._counts[application.id].get(i))
            if arriving or leaving:
                found.append(self._rollout(application, arriving, leaving, initial=False))
        for application_id, version in self._memory.remembered.items():
            if application_id not in observed and able:
                application = Application(application_id, version)
                arriving = frozenset(i for i in able if not self._backing_off(application, i))
                if arriving:
                    found.append(self._rollout(application, arriving, frozenset(), initial=True))
        return tuple(sorted(found, key=self._rank))

    def _rollout(
        self, application: Application, arriving: frozenset[str], leaving: frozenset[str], *, initial: bool
    ) -> Rollout:
        dead = frozenset(i for i in leaving if not self._undeployable(i))
        forgotten = frozenset(i for i in leaving if self._memory.undeploys.get(i, 0) >= 2)
        reason = (
            f"{len(arriving)} to be checked or deployed, {len(leaving)} leaving, {len(dead)} of them dead"
        )
        return Rollout(application, arriving, leaving, dead, forgotten, initial, reason)

    def _rank(self, rollout: Rollout) -> tuple[int, str]:
        order, name = self._config.order, rollout.application.name
        return (order.index(name) if name in order else len(order), name)

    def _verified(self, application: Application, instance_id: str) -> bool:
        count = self._counts[application.id].get(instance_id, 0)
        return instance_id in self._registered and self._memory.is_verified(application, instance_id, count)

    def _backing_off(self, application: Application, instance_id: str) -> bool:
        failure = self._memory.failure(application, instance_id)
        return failure is not None and self._observed.at < failure.retry_at

    def _backoff(self) -> int | None:
        """Return the seconds until a deployment that failed on a starting machine is tried again."""
        waits = [
            failure.retry_at - self._observed.at
            for application in self._observed.applications
            for instance_id in self._serve
            if (failure := self._memory.failure(application, instance_id)) is not None and failure.count == 0
        ]
        return max(1, round(min(waits))) if waits else None

    def _undeployable(self, instance_id: str) -> bool:
        """Whether undeploy steps can run: a hook holds the machine, it runs, and no attempt has failed."""
        instance = self._instances.get(instance_id)
        return (
            instance is not None
            and instance.waiting
            and self._machine(instance_id).running
            and not self._memory.undeploys.get(instance_id)
        )

    def _launch_releases(self) -> Iterable[Release]:
        hook = self._config.hooks.launch
        if hook is None:
            return
        for instance in self._waiting(self._serve):
            failed = self._failed(instance.id)
            if self._complete(instance.id):
                deployed = bool(self._observed.applications)
                reason = "every application is verified" if deployed else "nothing is deployed"
                yield Release(instance.id, instance.lifecycle, (hook,), "CONTINUE", reason)
            elif failed is not None:
                yield Release(instance.id, instance.lifecycle, (hook,), self._config.on_failure, failed)

    def _complete(self, instance_id: str) -> bool:
        applications = self._observed.applications
        return (
            instance_id in self._joined
            and instance_id in self._registered
            and all(self._verified(application, instance_id) for application in applications)
            and not self._memory.remembered.keys() - {application.id for application in applications}
        )

    def _failed(self, instance_id: str) -> str | None:
        """Return why an instance is given up; None if no failure counts, or the breaker is open."""
        for application in self._observed.applications:
            failure = self._memory.failure(application, instance_id)
            if failure is None or not failure.count:
                continue
            if self._memory.breaker(application.id, application.version).open:
                return None
            return f"{application.name}: {failure.reason}"
        return None

    def _leave_releases(self) -> Iterable[Release]:
        for instance in self._waiting(self._leave | self._park):
            hooks = self._hooks(instance)
            cleared = instance.id not in self._joined and not self._deployed(instance.id)
            ready = instance.id in self._leave or instance.id in self._registered
            if hooks and cleared and ready:
                yield Release(instance.id, instance.lifecycle, hooks, "CONTINUE", "nothing is left on it")

    def _waiting(self, instance_ids: frozenset[str]) -> Iterable[Instance]:
        for instance_id in sorted(instance_ids):
            instance = self._instances[instance_id]
            if instance.waiting and self._memory.completed.get(instance_id) != instance.lifecycle:
                yield instance

    def _hooks(self, instance: Instance) -> tuple[str, ...]:
        """Return the hooks of ours that may hold an instance in its state, likeliest first."""
        hooks = self._config.hooks
        by_state = {
            "Pending:Wait": (hooks.launch,),
            "Terminating:Wait": (hooks.terminate,),
            "Warmed:Terminating:Wait": (hooks.terminate,),
            # Into the pool from a launch, or back into it from service: the state is the same.
            "Warmed:Pending:Wait": (hooks.launch, hooks.terminate),
        }
        named = by_state.get(instance.lifecycle, (hooks.terminate, hooks.launch))
        return tuple(hook for hook in named if hook is not None)

    def _deployed(self, instance_id: str) -> bool:
        return any(counts.get(instance_id) for counts in self._counts.values())

    def _removals(self) -> tuple[Remove, ...]:
        return tuple(
            Remove(i, self._instances[i].lifecycle if i in self._instances else "no longer in the group")
            for i in sorted((self._leave | self._gone) & self._registered)
            if i not in self._joined and not self._deployed(i)
        )

    def _heartbeats(self, released: frozenset[str]) -> tuple[Heartbeat, ...]:
        return tuple(
            Heartbeat(instance.id, hooks)
            for instance in self._waiting(self._serve | self._park | self._leave)
            if instance.id not in released and (hooks := self._hooks(instance))
        )

    def _holds(self) -> tuple[Hold, ...]:
        found = [Hold(self._config.group, "RemovalsHeld", self._held_reason)] if self._held else []
        for instance_id in sorted((self._serve | self._park) - self._registered):
            address = self._machine(instance_id).reached_at(self._config.address)
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
