"""What keeps tasks over a restart of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.tasks.model import Step, Task


class TaskKeeper(Protocol):
    """Is told of every change of a task."""

    def keep_task(self, task: Task) -> None:
        """Keep a task with all its steps as they are now."""
        ...

    def keep_step(self, task: Task, path: str, step: Step) -> None:
        """Keep one step as it is now; a task may have thousands of them."""
        ...

    def forget_task(self, task_id: str) -> None:
        """Forget a task that disappears without trace."""
        ...


class MemoryOnly:
    """Keeps nothing."""

    def keep_task(self, task: Task) -> None:
        """Do nothing."""

    def keep_step(self, task: Task, path: str, step: Step) -> None:
        """Do nothing."""

    def forget_task(self, task_id: str) -> None:
        """Do nothing."""
