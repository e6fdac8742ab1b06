"""Tasks: what is to be done, in which order, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cdk_app.sandbox.deploy_server.deployment.deltas import Specification
    from cdk_app.sandbox.deploy_server.execution.actions import Action


class TaskState(StrEnum):
    """States of a task (vendor's page on tasks)."""

    PENDING = "PENDING"
    SCHEDULED = "SCHEDULED"
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    FAILING = "FAILING"
    FAILED = "FAILED"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    ABORTING = "ABORTING"
    ABORTED = "ABORTED"
    EXECUTED = "EXECUTED"
    DONE = "DONE"
    CANCELLED = "CANCELLED"

    @property
    def is_running(self) -> bool:
        """Whether steps may be running."""
        return self in _RUNNING

    @property
    def is_archived(self) -> bool:
        """Whether the task has left the task list for good."""
        return self in (TaskState.DONE, TaskState.CANCELLED)


_RUNNING = frozenset({TaskState.EXECUTING, TaskState.FAILING, TaskState.STOPPING, TaskState.ABORTING})


class StepState(StrEnum):
    """States of a step. ``SKIP``: will be skipped. ``SKIPPED``: was."""

    PENDING = "PENDING"
    SKIP = "SKIP"
    EXECUTING = "EXECUTING"
    PAUSED = "PAUSED"
    FAILED = "FAILED"
    DONE = "DONE"
    SKIPPED = "SKIPPED"

    @property
    def is_over(self) -> bool:
        """Whether a retry passes the step by."""
        return self in (StepState.DONE, StepState.SKIPPED)


class BlockState(StrEnum):
    """States of a block."""

    PENDING = "PENDING"
    EXECUTING = "EXECUTING"
    DONE = "DONE"
    FAILING = "FAILING"
    FAILED = "FAILED"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    ABORTING = "ABORTING"
    ABORTED = "ABORTED"


@dataclass(slots=True)
class Step:
    """One action, with its state and log.

    Attributes
    ----------
    order
        Steps of a block run by ascending order.
    deployeds
        Ids of the deployeds that the step belongs to.
    rule
        Name of the planning rule behind the step.
    skippable
        Whether `skip` is allowed; not for the step that updates the repository.
    """

    description: str
    order: int
    action: Action
    deployeds: tuple[str, ...] = ()
    rule: str | None = None
    skippable: bool = True
    state: StepState = StepState.PENDING
    failures: int = 0
    log: str = ""
    started: datetime | None = None
    completed: datetime | None = None


@dataclass(slots=True)
class Block:
    """Steps in order, or other blocks in order or side by side.

    Attributes
    ----------
    path
        ``0`` for the root, ``0_1`` for its first phase, and so on.
    phase
        Whether the block is a phase, which holds exactly one block.
    """

    path: str
    description: str
    parallel: bool = False
    phase: bool = False
    blocks: list[Block] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    state: BlockState = BlockState.PENDING

    def walk(self) -> Iterator[Block]:
        """Return this block and all inside it, outer ones first."""
        yield self
        for block in self.blocks:
            yield from block.walk()

    def all_steps(self) -> Iterator[tuple[str, Step]]:
        """Every step with its path."""
        for block in self.walk():
            for number, step in enumerate(block.steps, start=1):
                yield f"{block.path}_{number}", step


@dataclass(slots=True)
class Task:
    """A task from creation to the archive.

    Attributes
    ----------
    specifications
        What a deployment changes, one for each application in the order of registration.
    """

    id: str
    description: str
    owner: str
    metadata: dict[str, str]
    block: Block
    specifications: tuple[Specification, ...] = ()
    state: TaskState = TaskState.PENDING
    failures: int = 0
    scheduled: datetime | None = None
    started: datetime | None = None
    completed: datetime | None = None

    @property
    def environment(self) -> str | None:
        """Id of the environment that a deployment is about."""
        return self.metadata.get("environment_id")

    def find_block(self, path: str) -> Block | None:
        """Return the block at a path."""
        return next((block for block in self.block.walk() if block.path == path), None)

    def find_step(self, path: str) -> Step | None:
        """Return the step at a path."""
        parent, _, number = path.rpartition("_")
        block = self.find_block(parent)
        if block is None or not number.isdigit() or not 1 <= int(number) <= len(block.steps):
            return None
        return block.steps[int(number) - 1]
