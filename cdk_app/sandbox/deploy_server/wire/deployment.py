"""``/deployment``, and what is deployed to an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import TaskNotFoundError
from cdk_app.sandbox.deploy_server.repository.query import Query
from cdk_app.sandbox.deploy_server.security.model import TASK_PREVIEW
from cdk_app.sandbox.deploy_server.wire.resources import BlockView, Entries, Flag, References, TaskId
from cdk_app.sandbox.deploy_server.wire.routes import Endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from cdk_app.sandbox.deploy_server.wire.exchange import Exchange


async def _exists(exchange: Exchange) -> Response:
    found = exchange.deploy.deployments.exists(
        exchange.user, exchange.required("application"), exchange.required("environment")
    )
    return exchange.answer(Flag(found))


async def _initial(exchange: Exchange) -> Response:
    return exchange.answer(
        exchange.deploy.deployments.prepare_initial(
            exchange.user, exchange.required("version"), exchange.required("environment")
        )
    )


async def _update(exchange: Exchange) -> Response:
    return exchange.answer(
        exchange.deploy.deployments.prepare_update(
            exchange.user, exchange.required("version"), exchange.required("deployedApplication")
        )
    )


async def _undeploy(exchange: Exchange) -> Response:
    return exchange.answer(
        exchange.deploy.deployments.prepare_undeploy(exchange.user, exchange.required("deployedApplication"))
    )


async def _deployeds(exchange: Exchange) -> Response:
    return exchange.answer(exchange.deploy.deployments.map_all(exchange.user, exchange.deployment()))


async def _selected(exchange: Exchange) -> Response:
    wanted = exchange.request.query_params.getlist("deployables")
    return exchange.answer(
        exchange.deploy.deployments.map_selected(exchange.user, exchange.deployment(), wanted)
    )


async def _single(exchange: Exchange) -> Response:
    return exchange.answer(
        exchange.deploy.deployments.map_single(
            exchange.user,
            exchange.deployment(),
            exchange.required("deployable"),
            exchange.required("container"),
            exchange.query("deployedtype"),
        )
    )


async def _validate(exchange: Exchange) -> Response:
    return exchange.answer(exchange.deploy.deployments.validate(exchange.user, exchange.deployment()))


async def _create(exchange: Exchange) -> Response:
    task = exchange.deploy.deployments.create_task(exchange.user, exchange.deployment())
    return exchange.answer(TaskId(task.id))


async def _rollback(exchange: Exchange) -> Response:
    return exchange.answer(
        TaskId(exchange.deploy.deployments.roll_back(exchange.user, exchange.path("task")).id)
    )


async def _dictionary(exchange: Exchange) -> Response:
    entries = exchange.deploy.deployments.dictionary(
        exchange.user,
        exchange.required("environment"),
        exchange.query("application"),
        exchange.query("container"),
    )
    return exchange.answer(Entries(entries))


async def _preview(exchange: Exchange) -> Response:
    block = exchange.deploy.deployments.preview(exchange.user, exchange.deployment())
    return exchange.answer(BlockView(block, steps=True))


async def _preview_step(exchange: Exchange) -> Response:
    exchange.deploy.permissions.require_global(exchange.user, TASK_PREVIEW)
    block = exchange.deploy.deployments.preview(exchange.user, exchange.deployment())
    path, number = exchange.path("block"), exchange.path("step")
    found = next((step for at, step in block.all_steps() if at == f"{path}_{number}"), None)
    if found is None:
        raise TaskNotFoundError(f"Step {path}_{number} of the preview")
    return exchange.answer(found)


async def _deployed_applications(exchange: Exchange) -> Response:
    query = Query(type="udm.DeployedApplication", parent=exchange.path())
    return exchange.answer(References(exchange.deploy.repository.search(exchange.user, query)))


DEPLOYMENT_ROUTES = (
    Endpoint("GET", "/deployment/exists", _exists),
    Endpoint("GET", "/deployment/prepare/initial", _initial),
    Endpoint("GET", "/deployment/prepare/update", _update),
    Endpoint("GET", "/deployment/prepare/undeploy", _undeploy),
    Endpoint("POST", "/deployment/prepare/deployeds", _deployeds),
    Endpoint("POST", "/deployment/generate/selected", _selected),
    Endpoint("POST", "/deployment/generate/selected/deployables", _selected),
    Endpoint("POST", "/deployment/generate/single", _single),
    Endpoint("POST", "/deployment/validate", _validate),
    Endpoint("POST", "/deployment", _create),
    Endpoint("POST", "/deployment/rollback/{task}", _rollback),
    Endpoint("GET", "/deployment/dictionary", _dictionary),
    Endpoint("POST", "/deployment/previewblock", _preview),
    Endpoint("POST", "/deployment/previewblock/{block}/{step}", _preview_step),
    Endpoint("GET", "/environment/{id:path}/deployed-applications", _deployed_applications),
)
