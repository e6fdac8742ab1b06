from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cdk_app.sandbox.deploy_server.execution.actions import Pause
from cdk_app.sandbox.deploy_server.tasks.model import Block, BlockState, Step, StepState, Task, TaskState
from cdk_app.sandbox.deploy_server.wire.legacy import current_number, task_element, task_value

NOON = datetime(2024, 2, 28, 12, 0, 0, 697000, tzinfo=UTC)


def task(*states: StepState, state: TaskState = TaskState.EXECUTING, started: datetime | None = NOON) -> Task:
    """A task with two phases: all steps but the last are in the first one."""
    steps = [Step(f"Step {number}", 50, Pause(), state=step) for number, step in enumerate(states, start=1)]
    work = Block("0_1_1", "Work", steps=steps[:-1])
    register = Block("0_2_1", "Register changes", steps=steps[-1:])
    phases = [
        Block("0_1", "Deploy", phase=True, blocks=[work]),
        Block("0_2", "", phase=True, blocks=[register]),
    ]
    root = Block("0", "", blocks=phases, state=BlockState.EXECUTING if started else BlockState.PENDING)
    return Task(
        "id", "Initial deployment", "admin", {"taskType": "INITIAL"}, root, state=state, started=started
    )


@pytest.mark.parametrize(
    ("real", "shown"),
    [
        (TaskState.PENDING, "PENDING"),
        (TaskState.SCHEDULED, "QUEUED"),
        (TaskState.EXECUTING, "EXECUTING"),
        (TaskState.FAILING, "EXECUTING"),
        (TaskState.STOPPING, "EXECUTING"),
        (TaskState.ABORTING, "EXECUTING"),
        (TaskState.FAILED, "STOPPED"),
        (TaskState.ABORTED, "STOPPED"),
        (TaskState.STOPPED, "STOPPED"),
        (TaskState.EXECUTED, "EXECUTED"),
        (TaskState.DONE, "DONE"),
    ],
)
def test_old_clients_see_old_states_and_the_real_one_beside(real: TaskState, shown: str) -> None:
    element = task_element(task(StepState.PENDING, state=real), steps=False)
    assert (element.get("state"), element.get("state2")) == (shown, str(real))


@pytest.mark.parametrize(
    ("states", "started", "number"),
    [
        ((StepState.PENDING, StepState.PENDING), None, 0),
        ((StepState.EXECUTING, StepState.PENDING), NOON, 1),
        ((StepState.DONE, StepState.PENDING), NOON, 2),
        ((StepState.SKIPPED, StepState.FAILED), NOON, 2),
        ((StepState.DONE, StepState.DONE), NOON, 2),
    ],
)
def test_steps_of_all_blocks_are_counted_through(
    states: tuple[StepState, ...], started: datetime | None, number: int
) -> None:
    found = task(*states, started=started)
    assert current_number(found) == number
    assert task_element(found, steps=False).get("totalSteps") == "2"


def test_both_formats_tell_the_same() -> None:
    found = task(StepState.DONE, StepState.EXECUTING)
    element, value = task_element(found, steps=True), task_value(found, steps=True)
    assert element.get("id") == value["id"]
    assert element.get("currentStep") == str(value["currentStep"])
    assert element.findtext("startDate") == value["startDate"] == "2024-02-28T12:00:00.697+0000"
    assert element.findtext("metadata/taskType") == value["metadata"]["taskType"]
    assert [current.text for current in element.findall("currentSteps/current")] == ["2"]
    assert [step.get("state") for step in element.findall("steps/step")] == ["DONE", "EXECUTING"]
    assert [step["state"] for step in value["steps"]] == ["DONE", "EXECUTING"]
