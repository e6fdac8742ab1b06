"""Instances that lifecycle hooks hold: which waits end, with what result, and which are prolonged.

A part of the plan, and as pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.reconciliation.actions import Heartbeat, Release

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.model import Instance, Observed
    from runtime.reconciliation.roster import Roster


class Gates:
    """The waits of one look.

    Parameters
    ----------
    config, observed, roster, memory
        The group's configuration, one look, the same sorted, and what is known from before.
    """

    def __init__(self, config: GroupConfig, observed: Observed, roster: Roster, memory: Memory) -> None:
        self._config, self._observed, self._roster, self._memory = config, observed, roster, memory

    def releases(self) -> tuple[Release, ...]:
        """Return the waits that end: those of arriving instances, then those of leaving ones."""
        return (*self._arrivals(), *self._interruptions(), *self._departures())

    def abandoned(self) -> frozenset[str]:
        """Return the instances that are given up, those included that AWS still shows as waiting."""
        if self._config.hooks.launch is None or self._config.on_failure != "ABANDON":
            return frozenset()
        return frozenset(
            i
            for i in self._roster.serve
            if self._roster.instances[i].waiting and not self._complete(i) and self._failed(i) is not None
        )

    def heartbeats(self) -> tuple[Heartbeat, ...]:
        """Return the waits that go on until they are ended: something may keep those to be ended now, too."""
        roster = self._roster
        return tuple(
            Heartbeat(instance.id, hooks)
            for instance in self._waiting(roster.serve | roster.park | roster.leave)
            if (hooks := self._hooks(instance))
        )

    def _arrivals(self) -> Iterable[Release]:
        hook = self._config.hooks.launch
        if hook is None:
            return
        for instance in self._waiting(self._roster.serve):
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
            instance_id in self._roster.joined
            and all(self._roster.verified(application, instance_id) for application in applications)
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

    def _interruptions(self) -> Iterable[Release]:
        """Give up what EC2 takes back before it has ever served: the sooner there is a replacement."""
        for instance in self._waiting(self._roster.interrupted):
            if hooks := self._hooks(instance):
                reason = self._roster.notice(instance.id)
                yield Release(instance.id, instance.lifecycle, hooks, "ABANDON", reason)

    def _departures(self) -> Iterable[Release]:
        for instance in self._waiting((self._roster.leave - self._roster.interrupted) | self._roster.park):
            hooks = self._hooks(instance)
            ready = instance.id in self._roster.leave or instance.id in self._roster.registered
            if hooks and ready and self._roster.bare(instance.id):
                yield Release(instance.id, instance.lifecycle, hooks, "CONTINUE", "nothing is left on it")

    def _waiting(self, instance_ids: frozenset[str]) -> Iterable[Instance]:
        for instance_id in sorted(instance_ids):
            instance = self._roster.instances[instance_id]
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
