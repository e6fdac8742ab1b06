"""``/server`` and ``/metadata``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.deployment.orchestrators import ORCHESTRATORS
from cdk_app.sandbox.deploy_server.security.model import ADMIN, GLOBAL_PERMISSIONS, LOCAL_PERMISSIONS
from cdk_app.sandbox.deploy_server.wire.resources import (
    Descriptors,
    Permission,
    PermissionList,
    ServerInfo,
    ServerState,
    Strings,
)
from cdk_app.sandbox.deploy_server.wire.routes import Endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from cdk_app.sandbox.deploy_server.wire.exchange import Exchange

VERSION = "24.3.0"


async def _info(exchange: Exchange) -> Response:
    return exchange.answer(ServerInfo(VERSION, {}))


async def _state(exchange: Exchange) -> Response:
    return exchange.answer(ServerState("MAINTENANCE" if exchange.deploy.tasks.maintenance else "RUNNING"))


async def _start_maintenance(exchange: Exchange) -> Response:
    return _maintenance(exchange, on=True)


async def _stop_maintenance(exchange: Exchange) -> Response:
    return _maintenance(exchange, on=False)


def _maintenance(exchange: Exchange, *, on: bool) -> Response:
    exchange.deploy.permissions.require_global(exchange.user, ADMIN)
    exchange.deploy.tasks.maintenance = on
    return exchange.answer(None)


async def _types(exchange: Exchange) -> Response:
    return exchange.answer(Descriptors(list(exchange.deploy.types)))


async def _type(exchange: Exchange) -> Response:
    return exchange.answer(exchange.deploy.types.get(exchange.path("type")))


async def _permissions(exchange: Exchange) -> Response:
    general = [Permission(name, "global", None) for name in GLOBAL_PERMISSIONS]
    local = [Permission(name, "ci", root) for name, root in LOCAL_PERMISSIONS.items()]
    return exchange.answer(PermissionList([*general, *local]))


async def _orchestrators(exchange: Exchange) -> Response:
    return exchange.answer(Strings(ORCHESTRATORS))


SERVER_ROUTES = (
    Endpoint("GET", "/server/info", _info),
    Endpoint("GET", "/server/state", _state),
    Endpoint("POST", "/server/maintenance/start", _start_maintenance),
    Endpoint("POST", "/server/maintenance/stop", _stop_maintenance),
    Endpoint("GET", "/metadata/type", _types),
    Endpoint("GET", "/metadata/type/{type}", _type),
    Endpoint("GET", "/metadata/permissions", _permissions),
    Endpoint("GET", "/metadata/orchestrators", _orchestrators),
)
