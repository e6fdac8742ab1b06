"""How tasks end: executed ones are filed, halted ones cancelled, and what failed is read from their steps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runtime.deploy.items import reference
from runtime.deploy.tasks import GONE, HALTED, IDLE, SUCCEEDED
from runtime.reconciliation.deployment import failed_instances
from runtime.reconciliation.ownership import somebody_at_work

if TYPE_CHECKING:
    from runtime.deploy.tasks import Step, Task
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory, OpenTask
    from runtime.reconciliation.ports import DeployPort, Reporter

_EXCERPT = 200
_LOCK = re.compile(r"\block", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a task ended.

    Attributes
    ----------
    task : OpenTask
        What it was to do.
    succeeded : bool
        Whether it was executed to the end.
    attended : bool
        Whether the run that looks at its end has made it: nobody has deployed unseen in between.
    failed : dict
        Instance id to excerpt of the log of the step that failed on its host.
    reason : str
        Why it did not succeed, when no host of ours is the cause.
    lasting : bool
        Whether that stays so until a person acts.
    """

    task: OpenTask
    succeeded: bool
    attended: bool = False
    failed: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    lasting: bool = False


class Conclusions:
    """Looks at tasks of ours and concludes those that have ended.

    Parameters
    ----------
    config, deploy, memory, report
        The group, the server, what is remembered (with the open tasks), log lines and metrics.

    Attributes
    ----------
    made, yielded : set of str
        Tasks that this run has made, and those that it has stopped in favour of somebody's release.
    """

    def __init__(self, config: GroupConfig, deploy: DeployPort, memory: Memory, report: Reporter) -> None:
        self._config, self._deploy, self._memory, self._report = config, deploy, memory, report
        self.made: set[str] = set()
        self.yielded: set[str] = set()

    def look(self, task_id: str) -> Verdict | None:
        """Return the verdict on a task that has ended with one; forget a task that has ended at all."""
        record = self._memory.tasks[task_id]
        task = self._deploy.tasks.get(task_id)
        if task is not None and (task.running or self._unlocked(task, record)):
            return None
        verdict = self._concluded(task_id, task, record)
        if verdict is not None:
            self._report_verdict(task_id, verdict)
        # Not before: should a call have failed, another run concludes it.
        del self._memory.tasks[task_id]
        return verdict

    def _concluded(self, task_id: str, task: Task | None, record: OpenTask) -> Verdict | None:
        """File or cancel a task that has ended, and return the verdict on it if it has done anything."""
        if task is None or task.state in GONE:
            self._report.line("a task of ours is gone", task=task_id)
            return None
        if task.state in IDLE or (task_id in self.yielded and task.state in HALTED):
            # Made by a run that ended before it could start it (what it is to do may be out of date), or in
            # the way of somebody's release.
            self._deploy.tasks.cancel(task_id)
            return None
        if task.state not in SUCCEEDED:
            return self._halted(task, record)
        if record.empties:
            # Should the server drop it with its last host, nothing but this knows of it.
            self._memory.remembered[record.application] = record.version
        if task.state != "DONE":
            self._deploy.tasks.archive(task_id)
        return Verdict(record, succeeded=True, attended=task_id in self.made)

    def _unlocked(self, task: Task, record: OpenTask) -> bool:
        """Go on with a task that could not get Deploy's lock on the environment or a host.

        The lock is taken by the task's first step; the task stops when somebody else holds it. If that was
        a deployment of the application, the task is out of date. Nor is it started beside somebody's task.
        """
        if task.state != "STOPPED" or task.id in self.yielded:
            return False
        undone = [step for step in self._deploy.tasks.steps(task.id) if step.state not in {"DONE", "SKIP"}]
        if not undone or not self._speaks_of_a_lock(task, undone[0]):
            return False
        if self._overtaken(record):
            self.yielded.add(task.id)
            self._report.line("overtaken by somebody's release", application=record.application)
            return False
        self._report.count("LocksAwaited")
        tasks = self._deploy.tasks.open()
        if not somebody_at_work(tasks, self._config.environment, self._memory.tasks):
            self._deploy.tasks.start(task.id)
        return True

    def _speaks_of_a_lock(self, task: Task, step: Step) -> bool:
        """Tell whether a step was stopped by a lock: by its log, or its title if it works for no deployed."""
        words = step.log or self._deploy.tasks.log(task.id, step.path)
        return _LOCK.search(words or ("" if step.deployeds else step.description)) is not None

    def _overtaken(self, record: OpenTask) -> bool:
        """Tell whether the application has been deployed since a task was made; none is initial then."""
        now = self._deploy.repository.read(record.application)
        if now is None:
            return bool(record.token)
        return (reference(now["version"]), str(now.get("$token") or "")) != (record.version, record.token)

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
