"""Steps that fail or take long because a test asks for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.tasks.steps import StepFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.deploy_server.tasks.model import Step, Task
    from cdk_app.sandbox.deploy_server.tasks.steps import StepExecutor
    from cdk_app.sandbox.deploy_server.testing.faults import Faults


@dataclass(frozen=True, slots=True)
class FaultyExecutor:
    """Carries out steps with another executor, unless a fault is pending."""

    executor: StepExecutor
    faults: Faults

    async def execute(self, task: Task, step: Step, log: Callable[[str], None]) -> None:
        """Carry out a step; see `StepExecutor.execute`."""
        fault = self.faults.of_step(step.description)
        if fault is not None:
            await asyncio.sleep(fault.delay)
            if fault.fails:
                raise StepFailedError(fault.text)
        await self.executor.execute(task, step, log)
