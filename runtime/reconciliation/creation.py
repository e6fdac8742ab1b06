"""Makes the task of a rollout: composes its Deployment, creates it once, takes dead hosts out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.deploy.errors import Missing, Refused, Unreachable
from runtime.deploy.items import CI, reference
from runtime.deploy.tasks import IDLE, Task
from runtime.reconciliation.deployment import (
    Composition,
    compose,
    outdated,
    steps_on,
    with_others_as_registered,
)
from runtime.reconciliation.errors import Retry
from runtime.reconciliation.memory import OpenTask
from runtime.reconciliation.ownership import host_instance, is_own, same_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime.reconciliation.actions import Rollout
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.model import Application
    from runtime.reconciliation.ports import DeployPort, Reporter

_NO_STEPS = "did not deliver any steps"  # how old servers say that there is nothing to do


class Creations:
    """Makes tasks, none of which is started here.

    Parameters
    ----------
    config, deploy, memory, report
        The group, the server, what is remembered (with the open tasks), log lines and metrics.
    save : callable
        Keeps the memory, before a task can do anything that another run must know about.
    """

    def __init__(
        self,
        config: GroupConfig,
        deploy: DeployPort,
        memory: Memory,
        report: Reporter,
        save: Callable[[], None],
    ) -> None:
        self._config, self._deploy, self._memory = config, deploy, memory
        self._report, self._save = report, save

    def make(self, rollout: Rollout) -> str | None:
        """Make the task of a rollout and return its id, or None when none is needed or possible."""
        application = rollout.application
        if rollout.forgotten:
            self._edit_out(application.id, rollout.forgotten)
            return None
        try:
            composition = self._compose(rollout)
        except Missing:
            if not rollout.initial or self._deploy.repository.exists(application.version):
                raise
            self._memory.remembered.pop(application.id, None)
            reason = "its version has been deleted since the group was at zero"
            self._report.warn("an application cannot come back", version=application.version, reason=reason)
            return None
        if not self._needed(rollout, composition):
            self._memory.verify(application, composition.expected)
            return None
        deployment = self._sparing_others(application, composition.deployment)
        # What is there already, and stays, is not ours to judge: it must not keep a host from leaving.
        wrong = self._deploy.deployments.validate(deployment) if composition.added else ()
        if wrong:
            raise Retry(f"{application.version} does not validate: {'; '.join(wrong[:3])}")
        record = OpenTask(
            application.id,
            application.version,
            application.token,
            composition.expected,
            arriving=composition.arriving(self._config),
            leaving=tuple(sorted(rollout.leaving)),
            empties=not deployment["deployeds"],
        )
        task_id = self._create(deployment, record)
        if task_id is None:
            self._memory.verify(application, composition.expected)
            return None
        self._memory.tasks[task_id] = record
        self._save()
        if rollout.dead and not self._skip(task_id, rollout.dead):
            self.give_up(task_id)
            self._report.warn(
                "steps of dead hosts cannot be skipped, their deployeds are edited out of the repository",
                application=application.id,
                advice="grant task#skip_step on the environment's directory",
            )
            self._edit_out(application.id, rollout.dead)
            return None
        return task_id

    def give_up(self, task_id: str) -> None:
        """Cancel a task that has never been started: it leaves no trace."""
        self._deploy.tasks.cancel(task_id)
        del self._memory.tasks[task_id]

    def _compose(self, rollout: Rollout) -> Composition:
        application = rollout.application
        if rollout.initial:
            prepared = self._deploy.deployments.prepare_initial(application.version, self._config.environment)
        else:
            prepared = self._deploy.deployments.prepare_update(application.version, application.id)
        mapped = self._deploy.deployments.prepare_deployeds(prepared) if rollout.arriving else prepared
        return compose(self._config, rollout, prepared, mapped)

    def _sparing_others(self, application: Application, deployment: CI) -> CI:
        others = sorted(d for d in application.deployeds if host_instance(self._config, d) is None)
        registered = self._deploy.repository.read_all(others)
        return with_others_as_registered(deployment, application.version, registered)

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
