"""Which operation a task allows in which state (vendor's page on tasks)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import IllegalTransitionError
from cdk_app.sandbox.deploy_server.tasks.model import BlockState, StepState, Task, TaskState

if TYPE_CHECKING:
    from datetime import datetime


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


def interrupt(task: Task, moment: datetime) -> bool:
    """Mark what was running when the server ended as failed, and return whether anything was."""
    if not task.state.is_running and task.state is not TaskState.QUEUED:
        return False
    task.state = TaskState.FAILED
    for block in task.block.walk():
        if block.state is not BlockState.DONE and block.state is not BlockState.PENDING:
            block.state = BlockState.FAILED
        for step in block.steps:
            if step.state is StepState.EXECUTING:
                step.state, step.completed = StepState.FAILED, moment
                step.failures += 1
                task.failures += 1
                step.log += "The server was restarted\n"
    return True
