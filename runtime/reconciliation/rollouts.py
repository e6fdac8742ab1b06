"""Runs Deploy's tasks: one per application, several side by side, each concluded exactly once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.deploy.errors import DeployError, Forbidden, Refused
from runtime.deploy.items import reference
from runtime.reconciliation.conclusion import Conclusions, Verdict
from runtime.reconciliation.creation import Creations
from runtime.reconciliation.errors import Fatal, Retry, ending_of
from runtime.reconciliation.memory import OpenTask
from runtime.reconciliation.ownership import same_environment, somebody_at_work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runtime.reconciliation.actions import Rollout
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.model import Application
    from runtime.reconciliation.ports import Clock, DeployPort, Reporter

SIDE_BY_SIDE = 4
"""Tasks of one group at a time: Deploy's step threads are shared by everybody."""

RESERVE_SECONDS = 15.0
"""What a run keeps for its last calls."""

_FIRST_POLL, _LONGEST_POLL = 0.1, 5.0
_WATCH_SECONDS = 4.0
_STOP_SECONDS = 10.0


class Unfinished(Exception):  # noqa: N818 - not an error: the task goes on, another run looks at it
    """The run's time is over while tasks are running."""


class Rollouts:
    """The tasks of one run.

    Parameters
    ----------
    config, deploy, memory, clock, report
        The group, the server, what is remembered, time, log lines and metrics.
    save : callable
        Keeps the memory, before a task can do anything that another run must know about.
    beat : callable
        Called while tasks run: sends the heartbeats that are due.
    """

    def __init__(
        self,
        config: GroupConfig,
        deploy: DeployPort,
        memory: Memory,
        clock: Clock,
        report: Reporter,
        save: Callable[[], None],
        beat: Callable[[], object],
    ) -> None:
        self._config, self._deploy, self._memory = config, deploy, memory
        self._clock, self._report, self._beat = clock, report, beat
        self._creations = Creations(config, deploy, memory, report, save)
        self._conclusions = Conclusions(config, deploy, memory, report)
        self._next_watch = 0.0

    def resume(self) -> list[Verdict]:
        """Conclude the tasks that an earlier run left open."""
        return self._drive([])

    def give_way(self, applications: Sequence[Application]) -> None:
        """Stop those tasks of an earlier run that a release has overtaken; `applications` as observed now."""
        versions = {application.id: application.version for application in applications}
        for task_id, task in list(self._memory.tasks.items()):
            if versions.get(task.application, task.version) != task.version:
                self._yield(task_id)
        self._yield_to_others()

    def run(self, rollouts: Sequence[Rollout]) -> list[Verdict]:
        """Carry out rollouts: the declared ones one after the other, then the rest side by side.

        Returns
        -------
        list of Verdict
            One per task. A rollout that turns out to need none is verified in memory and has no verdict.

        Raises
        ------
        Unfinished
            Tasks run on; they are in memory.
        """
        declared = [r for r in rollouts if r.application.name in self._config.order]
        others = [r for r in rollouts if r.application.name not in self._config.order]
        verdicts: list[Verdict] = []
        for wave in ([rollout] for rollout in declared):
            if self._late(*wave):
                return verdicts
            verdicts += self._drive(wave)
            if not all(verdict.succeeded for verdict in verdicts):
                return verdicts
        return verdicts + self._drive(others)

    def _drive(self, waiting: list[Rollout]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        pause = _FIRST_POLL
        while waiting or self._memory.tasks:
            made: dict[str, Rollout] = {}
            while waiting and len(self._memory.tasks) < SIDE_BY_SIDE:
                rollout = waiting.pop(0)
                if self._late(rollout):
                    continue
                try:
                    task_id = self._creations.make(rollout)
                except (Forbidden, Refused, Retry) as error:
                    # One application's trouble is not the others'.
                    verdicts.append(_not_made(rollout, error))
                else:
                    made |= {task_id: rollout} if task_id is not None else {}
            self._conclusions.made |= made.keys()
            self._start(made)
            self._yield_to_others()
            for task_id in list(self._memory.tasks):
                verdict = self._conclusions.look(task_id)
                if verdict is not None:
                    verdicts.append(verdict)
                    pause = _FIRST_POLL
            if self._memory.tasks:
                if self._clock.remaining() < RESERVE_SECONDS:
                    raise Unfinished
                self._beat()
                self._clock.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_POLL)
        return verdicts

    def _late(self, rollout: Rollout) -> bool:
        """Tell whether a rollout is to be planned anew, because EC2 takes a machine of it back too soon."""
        return rollout.until is not None and self._clock.now() > rollout.until

    def _yield_to_others(self) -> None:
        """Stop tasks of ours beside which somebody has started a release of the same application.

        Whoever ends last registers the version; a release must not be overwritten by the version before it.
        """
        if not self._memory.tasks or self._clock.now() < self._next_watch:
            return
        self._next_watch = self._clock.now() + _WATCH_SECONDS
        released = {
            f"{self._config.environment}/{task.application}"
            for task in self._deploy.tasks.open()
            if task.running
            and task.id not in self._memory.tasks
            and same_environment(task, self._config.environment)
        }
        for task_id, task in list(self._memory.tasks.items()):
            if task.application in released:
                self._yield(task_id)

    def _yield(self, task_id: str) -> None:
        task = self._deploy.tasks.get(task_id)
        if task is not None and task.running and task_id not in self._conclusions.yielded:
            self._conclusions.yielded.add(task_id)
            self._report.line("stopped in favour of somebody's release", task=task_id)
            self._deploy.tasks.stop(task_id)
            until = self._clock.now() + _STOP_SECONDS
            while task is not None and task.running and self._clock.now() < until:
                self._clock.sleep(_FIRST_POLL)
                task = self._deploy.tasks.get(task_id)
            self._conclusions.look(task_id)

    def _start(self, made: dict[str, Rollout]) -> None:
        """Start tasks, unless somebody has deployed something since the look that they are based on.

        Asked at the last moment: a started task registers the deployeds for which it was made, whatever is
        deployed by then.
        """
        if not made:
            return
        there = self._deploy.repository.read_all([rollout.application.id for rollout in made.values()])
        now = {item["id"]: (reference(item["version"]), str(item.get("$token") or "")) for item in there}
        open_tasks = self._deploy.tasks.open()
        disturbed = somebody_at_work(open_tasks, self._config.environment, self._memory.tasks)
        self._next_watch = self._clock.now() + _WATCH_SECONDS
        for task_id, rollout in made.items():
            application = rollout.application
            expected = None if rollout.initial else (application.version, application.token)
            if disturbed or now.get(application.id) != expected:
                self._creations.give_up(task_id)
                self._report.line("overtaken by somebody's release", application=application.id)
                continue
            self._deploy.tasks.start(task_id)
            self._report.line(
                "task started",
                task=task_id,
                application=application.id,
                version=application.version,
                arriving=len(rollout.arriving),
                leaving=len(rollout.leaving),
                reason=rollout.reason,
            )


def _not_made(rollout: Rollout, error: DeployError | Retry) -> Verdict:
    ending = ending_of(error) if isinstance(error, DeployError) else error
    task = OpenTask(rollout.application.id, rollout.application.version)
    return Verdict(task, succeeded=False, reason=str(ending), lasting=isinstance(ending, Fatal))
