"""Locks of environments and containers: opt-in, taken by a step of the running task.

Attested: creating a task is never a lock; with ``allowConcurrentDeployments=false`` the first step of a task
takes the lock, and if another task has it, the task pauses or tries again (vendor's pages on the lock plugin
and on native locking). The two pages differ on whether a failed task keeps its locks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.tasks.model import TaskState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_app.sandbox.deploy_server.settings import Behaviour
    from cdk_app.sandbox.deploy_server.tasks.model import Task


@dataclass(slots=True)
class Locks:
    """Who holds what: ids of items, and of the tasks that hold them."""

    _holders: dict[str, str] = field(default_factory=dict)

    def take(self, ids: Iterable[str], task_id: str) -> str | None:
        """Take all locks or none; return an id that another task holds, ``None`` when all are taken."""
        wanted = list(ids)
        for ci_id in wanted:
            if self._holders.get(ci_id, task_id) != task_id:
                return ci_id
        self._holders.update(dict.fromkeys(wanted, task_id))
        return None

    def holder(self, ci_id: str) -> str | None:
        """Return the id of the task that holds an item."""
        return self._holders.get(ci_id)

    def release(self, task_id: str) -> None:
        """Give back all locks of a task."""
        self._holders = {ci_id: holder for ci_id, holder in self._holders.items() if holder != task_id}


def release(locks: Locks, task: Task, behaviour: Behaviour) -> None:
    """Give back the locks of a task that has come to rest, as far as the style of locking does so."""
    ended = task.state in (TaskState.EXECUTED, TaskState.ABORTED, TaskState.CANCELLED)
    if ended or (behaviour.locks == "native" and task.state is TaskState.FAILED):
        locks.release(task.id)
