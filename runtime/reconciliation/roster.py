"""A look sorted: which instances serve, are parked, leave or are gone, and what Deploy has of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


class Roster:
    """The instances of one look by what becomes of them; all sets hold instance ids.

    Parameters
    ----------
    config, observed, group, memory
        The group's configuration, one look and the group in it, and what is known from before.

    Attributes
    ----------
    instances : dict
        Instance id to instance, as AWS lists them.
    registered, joined : frozenset of str
        Those that have a host, and those whose host is a member of the environment.
    serve, park, leave : frozenset of str
        Listed instances by `Disposition`.
    interrupted : frozenset of str
        Those of `leave` that leave only because EC2 takes their machines back.
    gone : frozenset of str
        No longer listed, but registered or joined.
    held : frozenset of str
        As `gone`, but AWS's answer looks odd: their hosts stay for now, for the reason in `held_reason`.
    parting : frozenset of str
        Those that the environment and its applications lose: parked, leaving or gone.
    """

    def __init__(self, config: GroupConfig, observed: Observed, group: Group, memory: Memory) -> None:
        self._config, self._observed, self._group, self._memory = config, observed, group, memory
        self.instances = {instance.id: instance for instance in group.instances}
        self.registered = self._ids(observed.hosts)
        self.joined = self._ids(observed.members or ())
        self._counts = {app.id: counts_by_instance(config, app) for app in observed.applications}
        self.interrupted = frozenset(
            i.id for i in group.instances if _serves(i) and self.machine(i.id).interruption is not None
        )
        self.serve, self.park, self.leave = self._sorted()
        gone = (self.registered | self.joined) - self.instances.keys()
        self.held, self.held_reason = self._guard(gone)
        self.gone = gone - self.held
        self.parting = self.park | self.leave | self.gone

    def machine(self, instance_id: str) -> Machine:
        """Return what EC2 says about an instance; of state ``unknown`` when it was not asked."""
        return self._observed.machines.get(instance_id, Machine(address="", state="unknown"))

    def has(self, application: Application, instance_id: str) -> bool:
        """Tell whether an application has a deployed on an instance's host."""
        return bool(self._counts[application.id].get(instance_id))

    def bare(self, instance_id: str) -> bool:
        """Tell whether nothing refers to an instance's host: neither the environment nor an application."""
        return instance_id not in self.joined and not any(
            counts.get(instance_id) for counts in self._counts.values()
        )

    def verified(self, application: Application, instance_id: str) -> bool:
        """Tell whether an instance's host is known to have all of an application's deployed version."""
        count = self._counts[application.id].get(instance_id, 0)
        return instance_id in self.registered and self._memory.is_verified(application, instance_id, count)

    def notice(self, instance_id: str) -> str:
        """Say that EC2 takes an instance back, and when; empty if it does not."""
        end = self.machine(instance_id).interruption
        if end is None:
            return ""
        left = round(end - self._observed.at)
        return f"interrupted by EC2, {left} s left" if left > 0 else "interrupted by EC2, no time left"

    def _ids(self, ci_ids: Iterable[str]) -> frozenset[str]:
        found = (own_instance(self._config, ci_id) for ci_id in ci_ids)
        return frozenset(instance_id for instance_id in found if instance_id is not None)

    def _sorted(self) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        by_kind: dict[Disposition, set[str]] = {kind: set() for kind in Disposition}
        for instance in self._group.instances:
            kind = disposition(instance.lifecycle)
            asleep = self.machine(instance.id).state in {"stopping", "stopped"}
            if instance.id in self.interrupted:
                kind = Disposition.LEAVE
            elif kind is Disposition.SERVE and instance.lifecycle in STANDBY and asleep:
                kind = Disposition.PARK
            by_kind[kind].add(instance.id)
        return (
            frozenset(by_kind[Disposition.SERVE]),
            frozenset(by_kind[Disposition.PARK]),
            frozenset(by_kind[Disposition.LEAVE]),
        )

    def _guard(self, gone: frozenset[str]) -> tuple[frozenset[str], str]:
        """Return those hosts without instance that stay for now, because the answer looks odd."""
        # An interrupted instance is counted as AWS counts it: it explains nothing about those that are gone.
        present = sum(
            not i.lifecycle.startswith("Warmed:") and i.id not in self.leave - self.interrupted
            for i in self._group.instances
        )
        if not gone or present >= self._group.desired:
            return frozenset(), ""
        if not self.instances:
            return gone, f"AWS lists no instance of {self._group.desired} desired: nothing is removed"
        if len(gone) > max(1, REMOVAL_SHARE * len(self.registered | self.joined)):
            alive = frozenset(i for i in gone if not self.machine(i).dead)
            return (
                alive,
                f"{len(gone)} hosts lost their instance at once, {present} of {self._group.desired} left",
            )
        return frozenset(), ""


def _serves(instance: Instance) -> bool:
    return disposition(instance.lifecycle) is Disposition.SERVE
