"""What users may do with tasks."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.deployment.registration import register
from cdk_app.sandbox.deploy_server.errors import (
    DeployError,
    IllegalTransitionError,
    MaintenanceError,
    PermissionDeniedError,
    RefusedError,
    TaskAccessError,
    TaskNotFoundError,
)
from cdk_app.sandbox.deploy_server.execution.actions import Pause
from cdk_app.sandbox.deploy_server.security.model import (
    DEPLOY_INITIAL,
    REPORT_VIEW,
    TASK_ASSIGN,
    TASK_SKIP,
    TASK_TAKEOVER,
    TASK_VIEW,
    User,
)
from cdk_app.sandbox.deploy_server.tasks.model import Block, Step, StepState, Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cdk_app.sandbox.deploy_server.deployment.deltas import Delta
    from cdk_app.sandbox.deploy_server.repository.store import Repository
    from cdk_app.sandbox.deploy_server.security.permissions import Permissions
    from cdk_app.sandbox.deploy_server.settings import Behaviour
    from cdk_app.sandbox.deploy_server.tasks.engine import TaskEngine
    from cdk_app.sandbox.deploy_server.tasks.keeping import TaskKeeper

_FURTHEST_SCHEDULE_DAYS = 180


@dataclass(slots=True)
class TaskService:
    """The list of tasks, open and archived, with its rules of access.

    Attributes
    ----------
    keeper
        Keeps tasks over a restart.
    maintenance
        Whether only administrators may start tasks.
    """

    engine: TaskEngine
    repository: Repository
    permissions: Permissions
    behaviour: Behaviour
    clock: Callable[[], datetime]
    keeper: TaskKeeper
    tasks: dict[str, Task] = field(default_factory=dict)
    maintenance: bool = False

    def add(self, task: Task) -> None:
        """Put a new task on the list."""
        self.tasks[task.id] = task
        self.keeper.keep_task(task)

    def read(self, user: User, task_id: str) -> Task:
        """Return a task, for its owner, an administrator or a user with ``task#view``.

        Raises
        ------
        TaskNotFoundError, TaskAccessError
        """
        task = self._find(task_id)
        if task.owner != user.name and not self.permissions.has_global(user, TASK_VIEW):
            raise TaskAccessError
        return task

    def block(self, user: User, task_id: str, path: str) -> Block:
        """Return a block of a task."""
        block = self.read(user, task_id).find_block(path)
        if block is None:
            raise TaskNotFoundError(f"Block {path} of task {task_id}")
        return block

    def step(self, user: User, task_id: str, path: str) -> Step:
        """Return a step of a task."""
        step = self.read(user, task_id).find_step(path)
        if step is None:
            raise TaskNotFoundError(f"Step {path} of task {task_id}")
        return step

    def current(self, user: User) -> list[Task]:
        """Open tasks that the user owns."""
        return [task for task in self._open() if task.owner == user.name]

    def all_current(self, user: User) -> list[Task]:
        """Open tasks that the user may see: filtered silently (attested)."""
        if self.permissions.has_global(user, TASK_VIEW):
            return self._open()
        return [
            task
            for task in self._open()
            if task.owner == user.name
            or (task.environment and self.permissions.has(user, DEPLOY_INITIAL, task.environment))
        ]

    def archived(self, user: User, begin: datetime | None, end: datetime | None) -> list[Task]:
        """Return archived tasks that were completed in a period, oldest first."""
        self.permissions.require_global(user, REPORT_VIEW)
        found = [
            task
            for task in self.tasks.values()
            if task.state.is_archived
            and task.completed is not None
            and (begin is None or task.completed >= begin)
            and (end is None or task.completed < end)
        ]
        return sorted(found, key=lambda task: (task.completed is not None, task.completed))

    def start(self, user: User, task_id: str) -> None:
        """Start a task or go on with it."""
        task = self._own(user, task_id)
        if self.maintenance and not self.permissions.is_admin(user):
            raise MaintenanceError
        self.engine.start(task)

    def schedule(self, user: User, task_id: str, when: datetime) -> None:
        """Start a task at a time.

        Raises
        ------
        RefusedError
            The time is past or too far ahead (both texts attested).
        """
        task = self._own(user, task_id)
        now = self.clock()
        if when <= now:
            raise RefusedError(f"Cannot schedule a task for the past [{when.isoformat()}]")
        if (when - now).days > _FURTHEST_SCHEDULE_DAYS:
            raise RefusedError(
                f"Cannot schedule a task for [{when.isoformat()}], because it is too far into the future"
            )
        self.engine.schedule(task, when)

    def stop(self, user: User, task_id: str) -> None:
        """Let a task come to rest after its running steps."""
        self.engine.stop(self._own(user, task_id))

    def abort(self, user: User, task_id: str) -> None:
        """Interrupt a task."""
        self.engine.abort(self._own(user, task_id))

    async def cancel(self, user: User, task_id: str, *, force: bool = False) -> None:
        """Give a task up; what it has done so far is registered (attested).

        A task that has never started disappears without trace (documented).

        Parameters
        ----------
        force
            Whether a running task is aborted first.
        """
        task = self._own(user, task_id)
        await (self.engine.force_cancel(task) if force else self.engine.cancel(task))
        if task.started is None:
            del self.tasks[task_id]
            self.keeper.forget_task(task_id)
            return
        for specification in task.specifications:
            # What no longer fits the repository, because its environment is gone, is lost with the task.
            with contextlib.suppress(DeployError):
                register(self.repository, specification, task.owner, _carried_out(task))

    def archive(self, user: User, task_id: str) -> None:
        """Close an executed task."""
        self.engine.archive(self._own(user, task_id))

    def skip(self, user: User, task_id: str, paths: list[str], *, skip: bool) -> Task:
        """Mark steps to be skipped, or take the mark away."""
        task = self._own(user, task_id)
        allowed = self.permissions.has_global(user, TASK_SKIP) or (
            task.environment is not None and self.permissions.has(user, TASK_SKIP, task.environment)
        )
        if not allowed:
            raise PermissionDeniedError(TASK_SKIP, task.environment)
        self.engine.skip(task, paths, skip=skip)
        return task

    def add_pause(self, user: User, task_id: str, path: str) -> Block:
        """Insert a pause before a step that has not run, and return its block."""
        task = self._own(user, task_id)
        block_path, _, number = path.rpartition("_")
        block, step = task.find_block(block_path), task.find_step(path)
        if block is None or step is None:
            raise TaskNotFoundError(f"Step {path} of task {task_id}")
        if step.state is not StepState.PENDING or task.state.is_archived:
            raise IllegalTransitionError(f"Cannot pause before step {path} in state {step.state}")
        block.steps.insert(int(number) - 1, Step("Pause", step.order, Pause()))
        self.keeper.keep_task(task)
        return block

    def assign(self, user: User, task_id: str, owner: str) -> Task:
        """Give a task to another user: any for administrators, own ones with ``task#assign``."""
        task = self._find(task_id)
        if not self.permissions.is_admin(user):
            self.permissions.require_global(user, TASK_ASSIGN)
            if task.owner != user.name:
                raise PermissionDeniedError(TASK_ASSIGN)
        task.owner = owner
        self.keeper.keep_task(task)
        return task

    def take_over(self, user: User, task_id: str, current_owner: str) -> Task:
        """Take a task from its current owner, who must be named (attested)."""
        task = self._find(task_id)
        allowed = self.permissions.has_global(user, TASK_TAKEOVER) or (
            task.environment is not None and self.permissions.has(user, TASK_TAKEOVER, task.environment)
        )
        if not allowed:
            raise PermissionDeniedError(TASK_TAKEOVER, task.environment)
        if task.owner != current_owner:
            raise RefusedError(f"Task {task_id} is not owned by {current_owner}")
        task.owner = user.name
        self.keeper.keep_task(task)
        return task

    def _open(self) -> list[Task]:
        return [task for task in self.tasks.values() if not task.state.is_archived]

    def _find(self, task_id: str) -> Task:
        task = self.tasks.get(task_id)
        if task is None or (task.state.is_archived and not self.behaviour.archived_tasks_readable):
            raise TaskNotFoundError(f"Task {task_id}")
        return task

    def _own(self, user: User, task_id: str) -> Task:
        """Return a task that the user may act on.

        Raises
        ------
        TaskAccessError
            It belongs to somebody else.
        """
        task = self._find(task_id)
        if task.owner != user.name and not self.permissions.is_admin(user):
            raise TaskAccessError
        return task


def new_task_id() -> str:
    """Return a fresh id."""
    return str(uuid.uuid4())


def _carried_out(task: Task) -> Callable[[Delta], bool]:
    """Test for whether all steps of a delta are done, as they are for one without steps."""
    unfinished = {
        deployed
        for _, step in task.block.all_steps()
        if not step.state.is_over
        for deployed in step.deployeds
    }
    return lambda delta: delta.subject.id not in unfinished
