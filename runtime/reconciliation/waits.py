"""Instances that lifecycle hooks hold: heartbeats while there is work left, then completion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.reconciliation.memory import Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runtime.reconciliation.actions import Heartbeat, Release
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.model import Group
    from runtime.reconciliation.ports import Clock, GroupsPort, Reporter

BEAT_SECONDS = 60.0
"""Between heartbeats of one waiting instance; hooks need a timeout of a few times this."""

_LONGEST_SECONDS, _LONGEST_TIMEOUTS = 48 * 3600.0, 100
"""Auto Scaling ends a wait after this, whichever is less, whatever the heartbeats."""

_SEEN_LATE_SECONDS = 600.0  # a wait began before it was first seen, by two schedules at most


class Waits:
    """Waiting instances of one group.

    Parameters
    ----------
    config, groups, memory, clock, report
        The group, Auto Scaling, what is remembered, time, log lines and metrics.
    tell : callable
        Adds ``(event, instance id, detail)`` to the story of an instance.
    save : callable
        Keeps the memory, before an error of one instance ends the run: the others' waits are ended or
        prolonged, and another run is not to do it again.
    """

    def __init__(
        self,
        config: GroupConfig,
        groups: GroupsPort,
        memory: Memory,
        clock: Clock,
        report: Reporter,
        tell: Callable[[str, str, str], None],
        save: Callable[[], None],
    ) -> None:
        self._config, self._groups, self._memory = config, groups, memory
        self._clock, self._report, self._tell, self._save = clock, report, tell, save
        self._waiting: tuple[Heartbeat, ...] = ()

    def expect(self, waiting: tuple[Heartbeat, ...], group: Group | None) -> bool:
        """Take note of who waits now, and tell whether that is worth keeping.

        The first heartbeat of a newcomer is due after half the usual time. Who no longer waits although we
        have not ended it, at a time when Auto Scaling would, has expired.
        """
        self._waiting = waiting
        if group is None:
            return False
        now = self._clock.now()
        lifecycles = {instance.id: instance.lifecycle for instance in group.instances}
        waits = self._memory.waits
        before = frozenset(waits)
        for instance_id, wait in list(waits.items()):
            if lifecycles.get(instance_id) != wait.lifecycle:
                if self._overdue(wait, now):
                    self._expired(instance_id)
                del waits[instance_id]
        for each in waiting:
            newcomer = Wait(lifecycles[each.instance], since=now, beaten=now - BEAT_SECONDS / 2)
            waits.setdefault(each.instance, newcomer)
        return waits.keys() != before

    def release(self, releases: Sequence[Release]) -> None:
        """End waits, each by the first of its hooks that holds the instance."""
        if not releases:
            return
        answers = self._groups.complete(self._config.group, releases)
        ended = {instance for instance, answer in answers.items() if not isinstance(answer, Exception)}
        self._waiting = tuple(waiting for waiting in self._waiting if waiting.instance not in ended)
        for release in releases:
            held = answers[release.instance]
            if isinstance(held, Exception):
                continue
            self._memory.completed[release.instance] = release.lifecycle
            if held:
                released = release.result == "CONTINUE"
                self._report.count("InstancesReleased" if released else "InstancesAbandoned")
                self._tell(release.result.lower(), release.instance, release.reason)
                self._memory.waits.pop(release.instance, None)
            else:
                self._expired(release.instance)
        self._raise_first(answers)

    def beat(self, *, last: bool = False) -> bool:
        """Send the heartbeats that are due; tell whether any was.

        The `last` ones of a run are sent to newcomers too: the next look may be minutes away.
        """
        now = self._clock.now()
        age = BEAT_SECONDS / 2 if last else BEAT_SECONDS
        due = [waiting for waiting in self._waiting if self._due(waiting.instance, now, age)]
        if not due:
            return False
        answers = self._groups.prolong(self._config.group, due)
        for instance_id, held in answers.items():
            if isinstance(held, Exception):
                continue
            self._memory.waits[instance_id].beaten = now
            if not held:
                self._expired(instance_id)
        self._raise_first(answers)
        return True

    def _raise_first(self, answers: Mapping[str, bool | Exception]) -> None:
        errors = [answer for answer in answers.values() if isinstance(answer, Exception)]
        if errors:
            self._save()
            raise errors[0]

    def _due(self, instance_id: str, now: float, age: float) -> bool:
        wait = self._memory.waits[instance_id]
        return not wait.expired and now - wait.beaten >= age

    def _overdue(self, wait: Wait, now: float) -> bool:
        """Tell whether Auto Scaling ends a wait by itself at about this time."""
        timeout = self._config.hooks.timeout
        if timeout is None:
            return False
        longest = min(_LONGEST_SECONDS, _LONGEST_TIMEOUTS * timeout)
        return now - wait.beaten >= timeout or now - wait.since >= longest - _SEEN_LATE_SECONDS

    def _expired(self, instance_id: str) -> None:
        """Say, once, that AWS has ended an instance's wait before we did."""
        wait = self._memory.waits.get(instance_id)
        if wait is None or not wait.expired:
            self._report.count("HooksExpired")
            self._report.warn("hook expired", instance=instance_id)
        if wait is not None:
            wait.expired = True
