"""``/taskmonitor`` and ``/report``: open and closed deployments of applications, page by page.

Facts: the calls and the recorded answers of the vendor's Backstage plugin. Both exist as JSON only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from cdk_app.sandbox.deploy_server.errors import UnparsableError
from cdk_app.sandbox.deploy_server.repository.model import parent_of
from cdk_app.sandbox.deploy_server.wire import json_reader
from cdk_app.sandbox.deploy_server.wire.routes import Endpoint
from cdk_app.sandbox.deploy_server.wire.views import task_dates, task_summary

if TYPE_CHECKING:
    from starlette.responses import Response

    from cdk_app.sandbox.deploy_server.tasks.model import Task
    from cdk_app.sandbox.deploy_server.wire.exchange import Exchange

_TYPES = {"INITIAL": "Initial", "UPGRADE": "Update", "ROLLBACK": "Rollback", "UNDEPLOY": "Undeployment"}


async def _open(exchange: Exchange) -> Response:
    found = _about_wanted(exchange, exchange.deploy.tasks.all_current(exchange.user))
    return _page(exchange, [_monitored(task) for task in found])


async def _closed(exchange: Exchange) -> Response:
    begin, end = exchange.moment("begin"), exchange.moment("end")
    found = _about_wanted(exchange, exchange.deploy.tasks.archived(exchange.user, begin, end))
    return _page(exchange, [_reported(task) for task in found])


def _about_wanted(exchange: Exchange, tasks: list[Task]) -> list[Task]:
    """Return the deployments of the applications that the body lists; of all when it lists none."""
    listed = json_reader.parse(exchange.body) if exchange.body else []
    if not isinstance(listed, list):
        raise UnparsableError("Expected a list of items in JSON")
    wanted = {item.get("id") for item in listed if isinstance(item, dict)}
    deployments = [task for task in tasks if task.metadata.get("taskType") in _TYPES]
    return [task for task in deployments if not wanted or _application(task) in wanted]


def _application(task: Task) -> str | None:
    return parent_of(task.metadata.get("version_id", ""))


def _page(exchange: Exchange, entries: list[dict[str, Any]]) -> Response:
    size = max(exchange.integer("resultsPerPage", len(entries)), 0)
    first = (max(exchange.integer("page", 1), 1) - 1) * size
    return JSONResponse(entries[first : first + size], headers={"X-Total-Count": str(len(entries))})


def _monitored(task: Task) -> dict[str, Any]:
    return {
        **task_summary(task),
        "metadata": dict(task.metadata),
        "workerId": 1,
    }


def _reported(task: Task) -> dict[str, Any]:
    metadata = task.metadata
    environment = metadata.get("environment_id", "")
    return {
        "taskId": task.id,
        **task_dates(task),
        "status": str(task.state),
        "type": _TYPES[metadata["taskType"]],
        "user": task.owner,
        "environment": metadata.get("environment", ""),
        "environmentId": environment,
        "environmentIdWithoutRoot": environment.partition("/")[2],
        "package": f"{metadata.get('application', '')}/{metadata.get('version', '')}",
        "worker_name": metadata.get("worker_name"),
    }


REPORT_ROUTES = (
    Endpoint("POST", "/taskmonitor/deployment", _open),
    Endpoint("POST", "/report/tasks", _closed),
)
