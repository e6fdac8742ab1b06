"""Does the blocks of a task in order or side by side, and their steps one after the other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.tasks.model import Block, BlockState, Step, StepState, Task, TaskState
from cdk_app.sandbox.deploy_server.tasks.steps import StepFailedError, StepPausedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cdk_app.sandbox.deploy_server.tasks.keeping import TaskKeeper
    from cdk_app.sandbox.deploy_server.tasks.steps import StepExecutor


@dataclass(slots=True)
class Run:
    """One execution of a task, from a start to the next rest.

    Attributes
    ----------
    steps
        Those that are being done.
    ended
        Set when the task has come to rest.
    """

    stopping: bool = False
    aborting: bool = False
    steps: set[asyncio.Task[None]] = field(default_factory=set)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def halts(self) -> bool:
        """Whether no further step may begin."""
        return self.stopping or self.aborting


@dataclass(frozen=True, slots=True)
class BlockRunner:
    """Runs blocks; steps of all tasks share its threads.

    Attributes
    ----------
    threads
        How many steps run at one time.
    """

    executor: StepExecutor
    keeper: TaskKeeper
    clock: Callable[[], datetime]
    threads: asyncio.Semaphore

    async def run_block(self, task: Task, run: Run, block: Block) -> None:
        """Do everything in a block that is not done yet, and leave the block in the state that came of it."""
        if block.state is BlockState.DONE:
            return
        block.state = BlockState.EXECUTING
        if block.parallel:
            await asyncio.gather(*(self.run_block(task, run, inner) for inner in block.blocks))
        else:
            for inner in block.blocks:
                await self.run_block(task, run, inner)
                if inner.state is not BlockState.DONE:
                    break
        if block.blocks:
            block.state = _combined([inner.state for inner in block.blocks])
        else:
            await self._run_steps(task, run, block)

    async def _run_steps(self, task: Task, run: Run, block: Block) -> None:
        for number, step in enumerate(block.steps, start=1):
            if step.state.is_over:
                continue
            if run.halts:
                block.state = BlockState.ABORTED if run.aborting else BlockState.STOPPED
                return
            if step.state is StepState.SKIP:
                step.state = StepState.SKIPPED
                continue
            work = asyncio.get_running_loop().create_task(
                self._run_step(task, f"{block.path}_{number}", step)
            )
            run.steps.add(work)
            try:
                await work
            except StepPausedError as pause:
                run.stopping = True
                if pause.again:
                    block.state = BlockState.STOPPED
                    return
            except StepFailedError:
                self._fail(task, step)
                block.state = BlockState.FAILED
                return
            except asyncio.CancelledError:
                if not run.aborting:
                    raise
                if step.state is StepState.EXECUTING:
                    step.log += "Aborted\n"
                    self._fail(task, step)
                block.state = BlockState.ABORTED
                return
            finally:
                run.steps.discard(work)
            self.keeper.keep_step(task, f"{block.path}_{number}", step)
        block.state = BlockState.DONE

    async def _run_step(self, task: Task, path: str, step: Step) -> None:
        async with self.threads:
            step.state, step.started, step.completed = StepState.EXECUTING, self.clock(), None
            step.log = ""
            self.keeper.keep_step(task, path, step)

            def log(line: str) -> None:
                step.log += line + "\n"

            try:
                await self.executor.execute(task, step, log)
            except StepFailedError as failure:
                log(str(failure))
                raise
            except StepPausedError as pause:
                if str(pause):
                    log(str(pause))
                step.state = StepState.PAUSED if pause.again else StepState.DONE
                step.completed = self.clock()
                raise
            step.state, step.completed = StepState.DONE, self.clock()

    def _fail(self, task: Task, step: Step) -> None:
        step.state, step.completed = StepState.FAILED, self.clock()
        step.failures += 1
        task.failures += 1
        if task.state is TaskState.EXECUTING:
            task.state = TaskState.FAILING
        self.keeper.keep_task(task)


def _combined(states: list[BlockState]) -> BlockState:
    """State of a block from the states of the blocks in it, the worst first."""
    for state in (BlockState.ABORTED, BlockState.FAILED, BlockState.STOPPED):
        if state in states:
            return state
    return BlockState.DONE
