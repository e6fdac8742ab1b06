"""What the engine asks of whoever does the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.deploy_server.tasks.model import Step, Task


class StepFailedError(Exception):
    """A step did not do what it should; the reason is in its log."""


class StepPausedError(Exception):
    """A step asks that the task stops here.

    Parameters
    ----------
    again
        Whether the step is to be done again when the task goes on; else it is done.
    """

    def __init__(self, text: str = "", *, again: bool = False) -> None:
        super().__init__(text)
        self.again = again


class StepExecutor(Protocol):
    """Does what a step says."""

    async def execute(self, task: Task, step: Step, log: Callable[[str], None]) -> None:
        """Carry out a step.

        Raises
        ------
        StepFailedError
            It failed.
        StepPausedError
            The task is to stop here.
        """
        ...
