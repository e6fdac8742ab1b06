"""Other people's work on the environment: waited for, never disturbed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.deploy.tasks import HALTED
from runtime.reconciliation.memory import OpenTask
from runtime.reconciliation.ownership import is_own, same_environment
from runtime.reconciliation.rollouts import RESERVE_SECONDS, Unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runtime.deploy.tasks import Task
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.model import Application, Observed
    from runtime.reconciliation.ports import Clock, DeployPort, Reporter

_WAIT_SECONDS, _WAIT_POLL = 60.0, 2.0


class Others:
    """Tasks on the environment that are not known to be ours.

    Parameters
    ----------
    config, deploy, memory, clock, report
        The group, the server, what is remembered, time, log lines and metrics.
    beat, give_way : callable
        Called while waiting: send the heartbeats that are due; stop tasks of ours that were taken up.
    """

    def __init__(
        self,
        config: GroupConfig,
        deploy: DeployPort,
        memory: Memory,
        clock: Clock,
        report: Reporter,
        beat: Callable[[], object],
        give_way: Callable[[Sequence[Application]], None],
    ) -> None:
        self._config, self._deploy, self._memory = config, deploy, memory
        self._clock, self._report, self._beat, self._give_way = clock, report, beat, give_way

    def absent(self, observed: Observed) -> bool:
        """Wait until nobody else's task is open on the environment.

        Returns
        -------
        bool
            False if something may have changed meanwhile: what was planned is to be planned anew.

        Raises
        ------
        Unfinished
            It takes longer than this run may wait.
        """
        until = self._clock.now() + min(_WAIT_SECONDS, self._clock.remaining() - RESERVE_SECONDS)
        known = len(self._memory.tasks)
        awaited: list[str] = []
        while True:
            tasks = [task for task in self._deploy.tasks.open() if self._concerns(task)]
            others = [task for task in tasks if not self._take_up(task, observed)]
            if not others:
                return not awaited and len(self._memory.tasks) == known
            self._give_way(observed.applications)
            names = [f"{task.id} of {task.owner}" for task in others]
            if names != awaited:
                self._report.count("TasksAwaited")
                self._report.line("waiting for others", tasks=names)
            awaited = names
            if self._clock.now() >= until:
                raise Unfinished
            self._beat()
            self._clock.sleep(_WAIT_POLL)

    def _concerns(self, task: Task) -> bool:
        """Tell whether a task is open on the environment and was not made by this or a known run.

        Executed tasks have done what they could, and one that nobody has started holds nothing.
        """
        live = (
            task.running or task.state in HALTED or (task.state == "PENDING" and is_own(task, self._deploy))
        )
        return live and same_environment(task, self._config.environment) and task.id not in self._memory.tasks

    def _take_up(self, task: Task, observed: Observed) -> bool:
        """Take up a task of ours that a run left whose memory is lost; tell whether it was one.

        Ours is an update to the version that is deployed already (nobody else needs such a thing), or the
        deployment of a remembered application, made by our account.
        """
        versions = {application.id: application.version for application in observed.applications}
        versions |= {key: value for key, value in self._memory.remembered.items() if key not in versions}
        application = f"{self._config.environment}/{task.application}"
        version = versions.get(application)
        again = task.kind != "UNDEPLOY" and version is not None and version.rpartition("/")[2] == task.version
        own = is_own(task, self._deploy)
        if own and not again and task.state in HALTED | {"PENDING"}:
            # A release has overtaken it: it gave way, or failed, or was not started, in a run that is lost.
            self._deploy.tasks.cancel(task.id)
            return True
        if not again or version is None or not own:
            return task.state == "PENDING"
        if task.state == "PENDING":
            self._deploy.tasks.cancel(task.id)  # its plan is old; never started, it leaves no trace
        else:
            self._memory.tasks[task.id] = OpenTask(application, version)
        return True
