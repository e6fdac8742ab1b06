"""``/task``: the older view of tasks as one list of steps, which several public clients still use.

Facts: ``TaskService``, ``AbstractTaskConverter`` and ``TaskJsonConverter`` of the vendor's Java client 4.5.1;
fixtures of a public Puppet module.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lxml import etree
from starlette.responses import Response

from cdk_app.sandbox.deploy_server.errors import RefusedError, TaskNotFoundError
from cdk_app.sandbox.deploy_server.tasks.model import BlockState, StepState, Task, TaskState
from cdk_app.sandbox.deploy_server.text import clean
from cdk_app.sandbox.deploy_server.wire.exchange import JSON, XML
from cdk_app.sandbox.deploy_server.wire.json_writer import step_value
from cdk_app.sandbox.deploy_server.wire.routes import Endpoint
from cdk_app.sandbox.deploy_server.wire.tasks import abort, archive, cancel, schedule, start, stop
from cdk_app.sandbox.deploy_server.wire.views import task_dates
from cdk_app.sandbox.deploy_server.wire.xml_writer import step_element

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.tasks.model import Step
    from cdk_app.sandbox.deploy_server.wire.exchange import Exchange

# What ``state`` says for states that the oldest clients do not know; ``state2`` has the real one.
_OLD_STATES = {
    TaskState.SCHEDULED: TaskState.QUEUED,
    TaskState.FAILING: TaskState.EXECUTING,
    TaskState.STOPPING: TaskState.EXECUTING,
    TaskState.ABORTING: TaskState.EXECUTING,
    TaskState.FAILED: TaskState.STOPPED,
    TaskState.ABORTED: TaskState.STOPPED,
}


def steps_of(task: Task) -> list[tuple[str, Step]]:
    """Return the steps of all blocks in one list, each with its path."""
    return list(task.block.all_steps())


def current_number(task: Task) -> int:
    """Return number of the step that runs or is next, 0 before the start."""
    steps = steps_of(task)
    if task.block.state is BlockState.PENDING and task.started is None:
        return 0
    over = sum(step.state.is_over for _, step in steps)
    return min(over + 1, len(steps))


def task_element(task: Task, *, steps: bool) -> etree._Element:
    """Return the task as XML."""
    number = current_number(task)
    element = etree.Element(
        "task",
        id=task.id,
        currentStep=str(number),
        totalSteps=str(len(steps_of(task))),
        failures=str(task.failures),
        state=str(_OLD_STATES.get(task.state, task.state)),
        state2=str(task.state),
        owner=task.owner,
    )
    etree.SubElement(element, "description").text = clean(task.description)
    for name, text in task_dates(task).items():
        etree.SubElement(element, name).text = text
    current = etree.SubElement(element, "currentSteps")
    for position, (_, step) in enumerate(steps_of(task), start=1):
        if step.state is StepState.EXECUTING:
            etree.SubElement(current, "current").text = str(position)
    metadata = etree.SubElement(element, "metadata")
    for key, value in task.metadata.items():
        etree.SubElement(metadata, key).text = clean(value)
    if steps:
        etree.SubElement(element, "steps").extend(step_element(step) for _, step in steps_of(task))
    return element


def task_value(task: Task, *, steps: bool) -> dict[str, Any]:
    """Return the task as the json module takes it."""
    return {
        "id": task.id,
        "currentStep": current_number(task),
        "totalSteps": len(steps_of(task)),
        "state": str(task.state),
        "failures": task.failures,
        "owner": task.owner,
        "description": task.description,
        **task_dates(task),
        "metadata": dict(task.metadata),
        **({"steps": [step_value(step) for _, step in steps_of(task)]} if steps else {}),
    }


def _answer(exchange: Exchange, task: Task, *, steps: bool) -> Response:
    if exchange.json_accepted:
        return Response(json.dumps(task_value(task, steps=steps)), media_type=JSON)
    return Response(etree.tostring(task_element(task, steps=steps), encoding="UTF-8"), media_type=XML)


def _answer_all(exchange: Exchange, tasks: list[Task], *, steps: bool = False) -> Response:
    if exchange.json_accepted:
        return Response(json.dumps([task_value(task, steps=steps) for task in tasks]), media_type=JSON)
    root = etree.Element("list")
    root.extend(task_element(task, steps=steps) for task in tasks)
    return Response(etree.tostring(root, encoding="UTF-8"), media_type=XML)


async def _current(exchange: Exchange) -> Response:
    return _answer_all(exchange, exchange.deploy.tasks.current(exchange.user))


async def _all_current(exchange: Exchange) -> Response:
    return _answer_all(exchange, exchange.deploy.tasks.all_current(exchange.user))


async def _query(exchange: Exchange) -> Response:
    return _answer_all(exchange, _archived(exchange))


async def _export(exchange: Exchange) -> Response:
    return _answer_all(exchange, _archived(exchange), steps=True)


def _archived(exchange: Exchange) -> list[Task]:
    begin, end = exchange.moment("begindate"), exchange.moment("enddate")
    return exchange.deploy.tasks.archived(exchange.user, begin, end)


async def _read(exchange: Exchange) -> Response:
    return _answer(exchange, exchange.deploy.tasks.read(exchange.user, exchange.path("task")), steps=False)


async def _steps(exchange: Exchange) -> Response:
    return _answer(exchange, exchange.deploy.tasks.read(exchange.user, exchange.path("task")), steps=True)


async def _step(exchange: Exchange) -> Response:
    task = exchange.deploy.tasks.read(exchange.user, exchange.path("task"))
    return exchange.answer(_numbered(task, exchange.path("number"))[1])


async def _skip(exchange: Exchange) -> Response:
    return _mark(exchange, skip=True)


async def _unskip(exchange: Exchange) -> Response:
    return _mark(exchange, skip=False)


def _mark(exchange: Exchange, *, skip: bool) -> Response:
    """Skip or unskip steps by number: the Jenkins plugin skips all, so what must run is passed over."""
    task = exchange.deploy.tasks.read(exchange.user, exchange.path("task"))
    found = [_numbered(task, number) for number in exchange.numbers()]
    paths = [path for path, step in found if step.skippable]
    task = exchange.deploy.tasks.skip(exchange.user, task.id, paths, skip=skip)
    return _answer(exchange, task, steps=True)


def _numbered(task: Task, number: str) -> tuple[str, Step]:
    """Return a step by its number, with its path.

    Raises
    ------
    RefusedError
        It is no number.
    TaskNotFoundError
        There is no such step.
    """
    if not (number.isascii() and number.isdigit()):
        raise RefusedError(f"[{number}] is not the number of a step")
    steps = steps_of(task)
    if not 1 <= int(number) <= len(steps):
        raise TaskNotFoundError(f"Step {number} of task {task.id}")
    return steps[int(number) - 1]


async def _assign(exchange: Exchange) -> Response:
    tasks, task_id = exchange.deploy.tasks, exchange.path("task")
    return _answer(exchange, tasks.assign(exchange.user, task_id, exchange.path("owner")), steps=False)


async def _take_over(exchange: Exchange) -> Response:
    tasks, task_id = exchange.deploy.tasks, exchange.path("task")
    return _answer(exchange, tasks.take_over(exchange.user, task_id, exchange.path("owner")), steps=False)


LEGACY_TASK_ROUTES = (
    Endpoint("GET", "/task/current", _current),
    Endpoint("GET", "/task/current/all", _all_current),
    Endpoint("GET", "/task/query", _query),
    Endpoint("GET", "/task/export", _export),
    Endpoint("GET", "/task/{task}", _read),
    Endpoint("GET", "/task/{task}/step", _steps),
    Endpoint("GET", "/task/{task}/step/{number}", _step),
    Endpoint("DELETE", "/task/{task}", cancel),
    Endpoint("POST", "/task/{task}/start", start),
    Endpoint("POST", "/task/{task}/stop", stop),
    Endpoint("POST", "/task/{task}/abort", abort),
    Endpoint("POST", "/task/{task}/archive", archive),
    Endpoint("POST", "/task/{task}/schedule", schedule),
    Endpoint("POST", "/task/{task}/skip", _skip),
    Endpoint("POST", "/task/{task}/unskip", _unskip),
    Endpoint("POST", "/task/{task}/assign/{owner}", _assign),
    Endpoint("POST", "/task/{task}/takeover/{owner}", _take_over),
)
