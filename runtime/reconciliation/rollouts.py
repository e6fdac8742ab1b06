"""Runs Deploy's tasks: one per application, several side by side, each concluded exactly once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runtime.deploy.errors import Refused, Unreachable
from runtime.deploy.items import CI, reference
from runtime.deploy.tasks import HALTED, IDLE, SUCCEEDED, Task
from runtime.reconciliation.deployment import Composition, compose, failed_instances, outdated, steps_on
from runtime.reconciliation.errors import Retry
from runtime.reconciliation.memory import OpenTask
from runtime.reconciliation.plan import host_instance

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runtime.deploy.tasks import Step
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.plan import Rollout
    from runtime.reconciliation.ports import Clock, DeployPort, Reporter

SIDE_BY_SIDE = 4
"""Tasks of one group at a time: Deploy's step threads are shared by everybody."""

RESERVE_SECONDS = 15.0
"""What a run keeps for its last calls."""

_FIRST_POLL, _LONGEST_POLL = 0.1, 5.0
_NO_STEPS = "did not deliver any steps"  # how old servers say that there is nothing to do
_EXCERPT = 200


class Unfinished(Exception):  # noqa: N818 - not an error: the task goes on, another run looks at it
    """The run's time is over while tasks are running."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a task ended.

    Attributes
    ----------
    task : OpenTask
        What it was to do.
    succeeded : bool
        Whether it was executed to the end.
    failed : dict
        Instance id to excerpt of the log of the step that failed on its host.
    reason : str
        Why it did not succeed, when no host of ours is the cause.
    """

    task: OpenTask
    succeeded: bool
    failed: dict[str, str] = field(default_factory=dict)
    reason: str = ""


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
        self._clock, self._report, self._save, self._beat = clock, report, save, beat

    def resume(self) -> list[Verdict]:
        """Conclude the tasks that an earlier run left open."""
        return self._drive([]) if self._memory.tasks else []

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
            verdicts += self._drive(wave)
            if not all(verdict.succeeded for verdict in verdicts):
                return verdicts
        return verdicts + self._drive(others)

    def _drive(self, waiting: list[Rollout]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        pause = _FIRST_POLL
        while waiting or self._memory.tasks:
            while waiting and len(self._memory.tasks) < SIDE_BY_SIDE:
                rollout = waiting.pop(0)
                try:
                    self._begin(rollout)
                except (Refused, Retry) as error:
                    # One application's trouble is not the others'.
                    application = rollout.application
                    task = OpenTask(application.id, application.version)
                    verdicts.append(Verdict(task, succeeded=False, reason=str(error)))
            for task_id in list(self._memory.tasks):
                verdict = self._look(task_id)
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

    def _begin(self, rollout: Rollout) -> None:
        application = rollout.application
        if rollout.forgotten:
            self._edit_out(application.id, rollout.forgotten)
            return
        composition = self._compose(rollout)
        if not self._needed(rollout, composition):
            self._memory.verify(application, composition.expected)
            self._memory.remembered.pop(application.id, None)
            return
        wrong = self._deploy.deployments.validate(composition.deployment)
        if wrong:
            raise Retry(f"{application.version} does not validate: {'; '.join(wrong[:3])}")
        record = OpenTask(
            application.id,
            application.version,
            application.token,
            composition.expected,
            arriving=composition.arriving(self._config),
            leaving=tuple(sorted(rollout.leaving)),
        )
        task_id = self._create(composition.deployment, record)
        if task_id is None:
            self._memory.verify(application, composition.expected)
            return
        self._memory.tasks[task_id] = record
        self._save()
        if self._overtaken(rollout):
            del self._memory.tasks[task_id]
            self._deploy.tasks.cancel(task_id)
            self._report.line("overtaken by a person's release, planned anew", application=application.id)
            return
        if rollout.dead and not self._skip(task_id, rollout.dead):
            del self._memory.tasks[task_id]
            self._deploy.tasks.cancel(task_id)
            self._report.warn(
                "steps of dead hosts cannot be skipped, their deployeds are edited out of the repository",
                application=application.id,
                advice="grant task#skip_step on the environment's directory",
            )
            self._edit_out(application.id, rollout.dead)
            return
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

    def _compose(self, rollout: Rollout) -> Composition:
        application = rollout.application
        if rollout.initial:
            prepared = self._deploy.deployments.prepare_initial(application.version, self._config.environment)
        else:
            prepared = self._deploy.deployments.prepare_update(application.version, application.id)
        mapped = self._deploy.deployments.prepare_deployeds(prepared) if rollout.arriving else prepared
        return compose(self._config, rollout, prepared, mapped)

    def _needed(self, rollout: Rollout, composition: Composition) -> bool:
        if rollout.initial or composition.added or composition.dropped:
            return True
        if not composition.kept:
            return False
        # The ids are the same in every version: only the deployeds themselves tell where they come from.
        there = self._deploy.repository.read_all(sorted(composition.kept))
        return outdated(rollout.application.version, there)

    def _create(self, deployment: CI, record: OpenTask) -> str | None:
        try:
            return self._deploy.deployments.create(deployment)
        except Refused as error:
            if _NO_STEPS not in error.text:
                raise
            return None
        except Unreachable:
            # The task may exist: it is the only one like it that has not been started.
            for task in self._deploy.tasks.open():
                if task.state in IDLE and self._alike(task, record):
                    return task.id
            raise

    def _alike(self, task: Task, record: OpenTask) -> bool:
        return (
            same_environment(task, self._config.environment)
            and task.application == record.application.rpartition("/")[2]
            and task.version == record.version.rpartition("/")[2]
            and task.id not in self._memory.tasks
            and is_own(task, self._deploy)
        )

    def _overtaken(self, rollout: Rollout) -> bool:
        """Tell whether somebody released something since the look that a rollout is based on.

        Asked at the last moment: a started task registers the version for which it was made, whatever is
        deployed by then.
        """
        found = self._deploy.repository.read(rollout.application.id)
        version = None if found is None else reference(found["version"])
        if version != (None if rollout.initial else rollout.application.version):
            return True
        return any(
            (task.running or task.state in HALTED)
            and task.id not in self._memory.tasks
            and same_environment(task, self._config.environment)
            for task in self._deploy.tasks.open()
        )

    def _skip(self, task_id: str, dead: frozenset[str]) -> bool:
        paths = steps_on(self._config, self._deploy.tasks.steps(task_id), dead)
        return not paths or self._deploy.tasks.skip(task_id, paths)

    def _edit_out(self, application_id: str, dead: frozenset[str]) -> None:
        """Take dead hosts' deployeds out of a DeployedApplication without a task; look whether it held."""

        def change(item: CI) -> CI | None:
            before = item.get("deployeds") or []
            after = [d for d in before if host_instance(self._config, reference(d)) not in dead]
            return {**item, "deployeds": after} if len(after) < len(before) else None

        self._deploy.repository.update(application_id, change)
        left = self._deploy.repository.read(application_id)
        if left is not None and change(left) is not None:
            raise Retry(
                f"{application_id}: the deployeds of dead hosts can be neither skipped nor edited out"
            )

    def _look(self, task_id: str) -> Verdict | None:
        """Return the verdict on a task if it has ended: executed ones are filed, halted ones cancelled."""
        record = self._memory.tasks[task_id]
        task = self._deploy.tasks.get(task_id)
        if task is not None and (task.running or self._unlocked(task)):
            return None
        if task is not None and task.state in IDLE:
            # Made by a run that ended before it could start it: its plan may be old.
            self._deploy.tasks.cancel(task_id)
            verdict = Verdict(record, succeeded=False, reason="never started")
        elif task is not None and task.state in SUCCEEDED:
            if task.state != "DONE":
                self._deploy.tasks.archive(task_id)
            verdict = Verdict(record, succeeded=True)
        elif task is not None and task.state in HALTED:
            verdict = self._halted(task, record)
        else:
            verdict = Verdict(record, succeeded=False, reason="the task is gone")
        del self._memory.tasks[task_id]
        self._report_verdict(task_id, verdict)
        return verdict

    def _unlocked(self, task: Task) -> bool:
        """Go on with a task that could not get Deploy's lock on the environment or a host.

        The lock is taken by the task's first step; the task stops when somebody else holds it.
        """
        if task.state != "STOPPED":
            return False
        undone = [step for step in self._deploy.tasks.steps(task.id) if step.state not in {"DONE", "SKIP"}]
        if not undone or "lock" not in self._excerpt(task.id, undone[0]).lower():
            return False
        self._report.count("LocksAwaited")
        self._deploy.tasks.start(task.id)
        return True

    def _halted(self, task: Task, record: OpenTask) -> Verdict:
        steps = self._deploy.tasks.steps(task.id)
        failed = {
            instance_id: self._excerpt(task.id, step)
            for instance_id, step in failed_instances(self._config, steps).items()
        }
        others = [step for step in steps if step.state == "FAILED"]
        reason = f"task {task.state.lower()}"
        if others and not failed:
            reason += f" at {others[0].description}: {self._excerpt(task.id, others[0])}"
        # What was done on other hosts stays registered; what is missing is planned anew.
        self._deploy.tasks.cancel(task.id)
        return Verdict(record, succeeded=False, failed=failed, reason=reason)

    def _excerpt(self, task_id: str, step: Step) -> str:
        words = " ".join((step.log or self._deploy.tasks.log(task_id, step.path)).split())
        return words[-_EXCERPT:] if words else step.description

    def _report_verdict(self, task_id: str, verdict: Verdict) -> None:
        what = {"task": task_id, "application": verdict.task.application, "version": verdict.task.version}
        if verdict.succeeded:
            self._report.count("DeploymentsSucceeded")
            self._report.line("task executed", **what)
        else:
            self._report.count("DeploymentsFailed")
            self._report.warn("task failed", reason=verdict.reason, failed=verdict.failed, **what)


def same_environment(task: Task, environment: str) -> bool:
    """Tell whether a task is about an environment; some servers name it by id, some by its last part."""
    return task.environment == environment or (
        "/" not in task.environment and task.environment == environment.rpartition("/")[2]
    )


def is_own(task: Task, deploy: DeployPort) -> bool:
    """Tell whether our account made a task; a personal access token does not tell the account's name."""
    account = deploy.account
    if account:
        return task.owner == account
    return any(own.id == task.id for own in deploy.tasks.own())
