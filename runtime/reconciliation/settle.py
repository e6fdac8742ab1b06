"""What is learned from tasks that have ended, judged by a look taken after them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.reconciliation.errors import Fatal, Retry
from runtime.reconciliation.model import Disposition, disposition
from runtime.reconciliation.ownership import counts_by_instance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.reconciliation.conclusion import Verdict
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.errors import ReconciliationError
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.model import Application, Observed

STARTING_SECONDS = 180.0
"""A machine younger than this may not accept connections yet: such a failure is not held against it."""

_CONNECTION_WORDS = ("connect", "timed out", "timeout", "unreachable", "no route", "refused")


@dataclass(frozen=True, slots=True)
class Settlement:
    """What verdicts come to.

    Attributes
    ----------
    deployed : tuple of (str, str)
        Instances and the version that has been brought onto them.
    troubles : tuple of Fatal or Retry
        Why tasks failed that no host of ours is to blame for.
    """

    deployed: tuple[tuple[str, str], ...] = ()
    troubles: tuple[ReconciliationError, ...] = ()


def settle(
    config: GroupConfig, observed: Observed, memory: Memory, verdicts: Sequence[Verdict]
) -> Settlement:
    """Take verdicts into memory.

    A host counts as verified only if Deploy shows all expected deployeds on it now, whatever the task said,
    and only by the run that has made the task: which version deployeds are of is not seen here.
    """
    applications = {application.id: application for application in observed.applications}
    # Kept by the server, or back by us or by somebody: should it go again, that is another story.
    memory.remembered = {key: value for key, value in memory.remembered.items() if key not in applications}
    deployed: list[tuple[str, str]] = []
    troubles: list[ReconciliationError] = []
    for verdict in verdicts:
        task = verdict.task
        application = applications.get(task.application)
        if not verdict.succeeded and not verdict.failed:
            reason = f"{task.application.rpartition('/')[2]}: {verdict.reason}"
            troubles.append(Fatal(reason) if verdict.lasting else Retry(reason))
        if application is None:
            _blame(observed, memory, verdict, {})
        elif application.version == task.version:
            complete = _complete(config, application, verdict)
            deployed += [
                (instance_id, task.version) for instance_id in task.arriving if instance_id in complete
            ]
            _blame(observed, memory, verdict, _verify(application, memory, verdict, complete))
    return Settlement(tuple(deployed), tuple(troubles))


def _complete(config: GroupConfig, application: Application, verdict: Verdict) -> dict[str, int]:
    """Return the hosts that have all deployeds expected of the task."""
    counts = counts_by_instance(config, application)
    return {
        instance_id: expected
        for instance_id, expected in verdict.task.expected.items()
        if counts.get(instance_id, 0) >= expected and instance_id not in verdict.failed
    }


def _verify(
    application: Application, memory: Memory, verdict: Verdict, complete: dict[str, int]
) -> dict[str, str]:
    """Note the hosts that are complete; return those that are not although the task succeeded."""
    if verdict.succeeded:
        memory.succeed(application.id, complete)
        if verdict.attended:
            memory.verify(application, complete, before=verdict.task.token)
        # Else somebody may have deployed unseen since: the hosts are checked once more.
        reason = "deployeds are missing although the task was executed"
        return {i: reason for i in verdict.task.expected if i not in complete}
    if verdict.failed and not complete.keys().isdisjoint(verdict.task.arriving):
        memory.succeed(application.id, complete)
    return {}


def _blame(observed: Observed, memory: Memory, verdict: Verdict, missing: dict[str, str]) -> None:
    """Note failures of instances that still serve; a machine that dies under a task has not failed."""
    group = observed.group
    if group is None:
        return
    serving = {i.id for i in group.instances if disposition(i.lifecycle) is Disposition.SERVE}
    counted = dict(missing)
    starting: dict[str, str] = {}
    for instance_id, reason in verdict.failed.items():
        if instance_id in verdict.task.leaving:
            memory.undeploys[instance_id] = memory.undeploys.get(instance_id, 0) + 1
        elif instance_id in serving:
            machine = observed.machines.get(instance_id)
            if machine is not None and machine.interruption is not None:
                continue
            young = machine is not None and observed.at - machine.launched < STARTING_SECONDS
            connection = any(word in reason.lower() for word in _CONNECTION_WORDS)
            (starting if young and connection else counted)[instance_id] = reason
    task = verdict.task
    if counted:
        memory.fail(task.application, task.version, counted, observed.at, counted=True)
    if starting:
        memory.fail(task.application, task.version, starting, observed.at, counted=False)
