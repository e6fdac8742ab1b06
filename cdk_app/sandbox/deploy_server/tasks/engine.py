"""Moves tasks through their states."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import IllegalTransitionError
from cdk_app.sandbox.deploy_server.tasks.model import BlockState, StepState, Task, TaskState
from cdk_app.sandbox.deploy_server.tasks.running import BlockRunner, Run
from cdk_app.sandbox.deploy_server.tasks.transitions import ALLOWED, Operation, interrupt, require

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from datetime import datetime

    from cdk_app.sandbox.deploy_server.settings import Behaviour
    from cdk_app.sandbox.deploy_server.tasks.keeping import TaskKeeper
    from cdk_app.sandbox.deploy_server.tasks.steps import StepExecutor


class TaskEngine:
    """Moves tasks through their states. Everything happens on one event loop.

    Parameters
    ----------
    executor
        Does the steps.
    behaviour
        Numbers of tasks and steps at one time.
    clock
        Gives the times of starts and ends.
    keeper
        Keeps tasks over a restart.
    on_rest
        Called when a task has come to rest, or is given up.
    """

    def __init__(
        self,
        executor: StepExecutor,
        behaviour: Behaviour,
        clock: Callable[[], datetime],
        keeper: TaskKeeper,
        on_rest: Callable[[Task], None],
    ) -> None:
        self._behaviour = behaviour
        self._clock = clock
        self._changed = keeper.keep_task
        self._on_rest = on_rest
        self._runs: dict[str, Run] = {}
        self._queue: list[Task] = []
        self._runner = BlockRunner(executor, keeper, clock, asyncio.Semaphore(behaviour.step_threads))
        self._jobs: set[asyncio.Task[None]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def start(self, task: Task) -> None:
        """Run a task from where it stands; a failed step is done again."""
        require(Operation.START, task.id, task.state)
        self._unschedule(task)
        self._reset(task)
        task.started = task.started or self._clock()
        task.completed = None
        if len(self._runs) >= self._behaviour.max_active_tasks:
            task.state = TaskState.QUEUED
            self._queue.append(task)
        else:
            self._launch(task)
        self._changed(task)

    def schedule(self, task: Task, when: datetime) -> None:
        """Start a task by itself at a time."""
        require(Operation.SCHEDULE, task.id, task.state)
        self._unschedule(task)
        task.state, task.scheduled = TaskState.SCHEDULED, when
        delay = (when - self._clock()).total_seconds()
        loop = asyncio.get_running_loop()
        self._timers[task.id] = loop.call_later(max(0.0, delay), self.start, task)
        self._changed(task)

    def stop(self, task: Task) -> None:
        """Let running steps end and start no further ones."""
        if task.state is TaskState.PENDING and self._behaviour.stop_pending == "ignore":
            return
        require(Operation.STOP, task.id, task.state)
        if self._dequeue(task):
            task.state = TaskState.STOPPED
        else:
            self._runs[task.id].stopping = True
            task.state = TaskState.STOPPING
        self._changed(task)

    def abort(self, task: Task) -> None:
        """Interrupt running steps."""
        if task.state is TaskState.PENDING and self._behaviour.stop_pending == "ignore":
            return
        require(Operation.ABORT, task.id, task.state)
        if self._dequeue(task):
            task.state = TaskState.ABORTED
        else:
            run = self._runs[task.id]
            run.aborting = True
            task.state = TaskState.ABORTING
            for step in run.steps:
                step.cancel()
        self._changed(task)

    async def cancel(self, task: Task) -> None:
        """Give a task up; one that is being aborted, as soon as it is (the vendor's SDK tests do this)."""
        if task.state is TaskState.ABORTING and task.id in self._runs:
            await self._runs[task.id].ended.wait()
        require(Operation.CANCEL, task.id, task.state)
        self._unschedule(task)
        task.state = TaskState.CANCELLED
        task.completed = self._clock()
        self._on_rest(task)
        self._changed(task)

    async def force_cancel(self, task: Task) -> None:
        """Give a task up, after an abort if it runs."""
        if task.state in ALLOWED[Operation.ABORT]:
            self.abort(task)
        await self.cancel(task)

    def archive(self, task: Task) -> None:
        """Close a task that is executed."""
        require(Operation.ARCHIVE, task.id, task.state)
        task.state = TaskState.DONE
        self._changed(task)

    def skip(self, task: Task, paths: list[str], *, skip: bool) -> None:
        """Mark steps to be skipped, or take the mark away.

        Raises
        ------
        IllegalTransitionError
            The task runs, or a step cannot be skipped; then no step is marked.
        """
        steps = [(path, task.find_step(path)) for path in paths]
        for path, step in steps:
            allowed = (StepState.PENDING, StepState.FAILED) if skip else (StepState.SKIP,)
            if step is None:
                raise IllegalTransitionError(f"Task {task.id} has no step {path}")
            if not step.skippable and skip:
                raise IllegalTransitionError(f"Step {path} ({step.description}) cannot be skipped")
            if step.state not in allowed or task.state.is_running or task.state.is_archived:
                verb = "skip" if skip else "unskip"
                raise IllegalTransitionError(f"Cannot {verb} step {path} in state {step.state}")
        for _, step in steps:
            if step is not None:
                step.state = StepState.SKIP if skip else StepState.PENDING
        self._changed(task)

    def resume(self, tasks: Iterable[Task]) -> None:
        """Go on with tasks of an earlier run of the server: those that wait for their time wait again."""
        for task in tasks:
            if task.state is TaskState.SCHEDULED and task.scheduled is not None:
                self.schedule(task, task.scheduled)

    async def close(self) -> None:
        """Interrupt everything, as the end of the server does."""
        for timer in self._timers.values():
            timer.cancel()
        await self._interrupt()

    async def restart(self, tasks: Iterable[Task]) -> None:
        """Do to tasks what a restart of the server does: what runs has failed (documented)."""
        await self._interrupt()
        for task in tasks:
            if interrupt(task, self._clock()):
                self._changed(task)

    async def _interrupt(self) -> None:
        for job in list(self._jobs):
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        self._runs.clear()
        self._queue.clear()

    def _reset(self, task: Task) -> None:
        for block in task.block.walk():
            if block.state is not BlockState.DONE:
                block.state = BlockState.PENDING
            for step in block.steps:
                if step.state in (StepState.FAILED, StepState.PAUSED, StepState.EXECUTING):
                    step.state = StepState.PENDING

    def _launch(self, task: Task) -> None:
        run = self._runs[task.id] = Run()
        task.state = TaskState.EXECUTING
        self._spawn(self._execute(task, run))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        job = asyncio.get_running_loop().create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    def _dequeue(self, task: Task) -> bool:
        if task in self._queue:
            self._queue.remove(task)
            return True
        return False

    def _unschedule(self, task: Task) -> None:
        timer = self._timers.pop(task.id, None)
        if timer is not None:
            timer.cancel()

    async def _execute(self, task: Task, run: Run) -> None:
        await self._runner.run_block(task, run, task.block)
        del self._runs[task.id]
        run.ended.set()
        task.state = _AT_REST[task.block.state]
        if task.state is TaskState.EXECUTED:
            task.completed = self._clock()
        self._on_rest(task)
        self._changed(task)
        if self._queue:
            waiting = self._queue.pop(0)
            self._launch(waiting)
            self._changed(waiting)


_AT_REST = {
    BlockState.DONE: TaskState.EXECUTED,
    BlockState.FAILED: TaskState.FAILED,
    BlockState.STOPPED: TaskState.STOPPED,
    BlockState.ABORTED: TaskState.ABORTED,
}
