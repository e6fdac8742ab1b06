"""Instances that lifecycle hooks hold: heartbeats while there is work left, then completion."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime.reconciliation.actions import Heartbeat, Release
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.ports import Clock, GroupsPort, Reporter

BEAT_SECONDS = 60.0
"""Between heartbeats of one waiting instance; hooks need a timeout of a few times this."""

_EXPIRED = -1.0  # in place of the time of a heartbeat


class Waits:
    """Waiting instances of one group.

    Parameters
    ----------
    config, groups, memory, clock, report
        The group, Auto Scaling, what is remembered, time, log lines and metrics.
    tell : callable
        Adds ``(event, instance id, detail)`` to the story of an instance.
    """

    def __init__(
        self,
        config: GroupConfig,
        groups: GroupsPort,
        memory: Memory,
        clock: Clock,
        report: Reporter,
        tell: Callable[[str, str, str], None],
    ) -> None:
        self._config, self._groups, self._memory = config, groups, memory
        self._clock, self._report, self._tell = clock, report, tell
        self._waiting: tuple[Heartbeat, ...] = ()

    def expect(self, waiting: tuple[Heartbeat, ...]) -> None:
        """Take note of who waits now; the first heartbeat of a newcomer is due after half the usual time."""
        self._waiting = waiting
        for newcomer in waiting:
            self._memory.beats.setdefault(newcomer.instance, self._clock.now() - BEAT_SECONDS / 2)

    def release(self, release: Release) -> None:
        """End a wait, by the first of the release's hooks that holds the instance."""
        held = any(
            self._groups.complete(self._config.group, hook, release.instance, release.result)
            for hook in release.hooks
        )
        self._memory.completed[release.instance] = release.lifecycle
        if held:
            released = release.result == "CONTINUE"
            self._report.count("InstancesReleased" if released else "InstancesAbandoned")
            self._tell(release.result.lower(), release.instance, release.reason)
        else:
            self._expired(release.instance)

    def beat(self) -> bool:
        """Send the heartbeats that are due; tell whether any was."""
        now = self._clock.now()
        due = [w for w in self._waiting if self._due(w.instance, now)]
        for waiting in due:
            self._memory.beats[waiting.instance] = now
            if not any(
                self._groups.heartbeat(self._config.group, hook, waiting.instance) for hook in waiting.hooks
            ):
                self._expired(waiting.instance)
        return bool(due)

    def _due(self, instance_id: str, now: float) -> bool:
        last = self._memory.beats[instance_id]
        return last != _EXPIRED and now - last >= BEAT_SECONDS

    def _expired(self, instance_id: str) -> None:
        """Say, once, that no hook of ours holds an instance: AWS has ended its wait."""
        if self._memory.beats.get(instance_id) != _EXPIRED:
            self._memory.beats[instance_id] = _EXPIRED
            self._report.count("HooksExpired")
            self._report.warn("hook expired", instance=instance_id)
