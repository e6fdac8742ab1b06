"""Which operation a task allows in which state (vendor's page on tasks)."""

from __future__ import annotations

from enum import StrEnum

from cdk_app.sandbox.deploy_server.errors import IllegalTransitionError
from cdk_app.sandbox.deploy_server.tasks.model import TaskState


class Operation(StrEnum):
    """What a client can ask of a task."""

    START = "start"
    SCHEDULE = "schedule"
    STOP = "stop"
    ABORT = "abort"
    CANCEL = "cancel"
    ARCHIVE = "archive"


_HALTED = frozenset(
    {TaskState.PENDING, TaskState.SCHEDULED, TaskState.FAILED, TaskState.STOPPED, TaskState.ABORTED}
)
ALLOWED: dict[Operation, frozenset[TaskState]] = {
    Operation.START: _HALTED,
    Operation.SCHEDULE: _HALTED,
    Operation.STOP: frozenset({TaskState.EXECUTING, TaskState.QUEUED}),
    Operation.ABORT: frozenset(
        {TaskState.EXECUTING, TaskState.FAILING, TaskState.STOPPING, TaskState.QUEUED}
    ),
    Operation.CANCEL: _HALTED,
    Operation.ARCHIVE: frozenset({TaskState.EXECUTED}),
}


def require(operation: Operation, task_id: str, state: TaskState) -> None:
    """Refuse an operation that the state does not allow.

    Raises
    ------
    IllegalTransitionError
        It does not; the wording is ours.
    """
    if state not in ALLOWED[operation]:
        raise IllegalTransitionError(f"Cannot {operation} task {task_id} in state {state}")
