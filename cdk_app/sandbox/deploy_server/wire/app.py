"""The HTTP application: its paths, and what becomes of refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, Router

from cdk_app.sandbox.deploy_server.errors import (
    DeployError,
    InvalidItemsError,
    LoginDeniedError,
    UnauthenticatedError,
    UnparsableError,
)
from cdk_app.sandbox.deploy_server.extension.archive import METHODS
from cdk_app.sandbox.deploy_server.openapi import description
from cdk_app.sandbox.deploy_server.types import UnknownTypeError
from cdk_app.sandbox.deploy_server.wire.authentication import authenticate, unauthenticated
from cdk_app.sandbox.deploy_server.wire.control import CONTROL_ROUTES
from cdk_app.sandbox.deploy_server.wire.deployment import DEPLOYMENT_ROUTES
from cdk_app.sandbox.deploy_server.wire.exchange import Exchange, wants_json
from cdk_app.sandbox.deploy_server.wire.extension import PREFIX, answer_by_script
from cdk_app.sandbox.deploy_server.wire.failures import refusal, status_of, unhandled
from cdk_app.sandbox.deploy_server.wire.legacy import LEGACY_TASK_ROUTES
from cdk_app.sandbox.deploy_server.wire.packages import PACKAGE_ROUTES
from cdk_app.sandbox.deploy_server.wire.page import page_routes
from cdk_app.sandbox.deploy_server.wire.reports import REPORT_ROUTES
from cdk_app.sandbox.deploy_server.wire.repository import REPOSITORY_ROUTES
from cdk_app.sandbox.deploy_server.wire.security import SECURITY_ROUTES
from cdk_app.sandbox.deploy_server.wire.server import SERVER_ROUTES
from cdk_app.sandbox.deploy_server.wire.tasks import TASK_ROUTES
from cdk_app.sandbox.deploy_server.wire.testing import FaultLayer, JournalLayer, note_endpoint, testing_routes
from cdk_app.sandbox.deploy_server.wire.tolerance import PathTolerance

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from cdk_app.sandbox.deploy_server.composition import Deploy
    from cdk_app.sandbox.deploy_server.extension import Scripts
    from cdk_app.sandbox.deploy_server.wire.routes import Endpoint

ROUTES = (
    *SERVER_ROUTES,
    *REPOSITORY_ROUTES,
    *DEPLOYMENT_ROUTES,
    *TASK_ROUTES,
    *LEGACY_TASK_ROUTES,
    *CONTROL_ROUTES,
    *PACKAGE_ROUTES,
    *REPORT_ROUTES,
    *SECURITY_ROUTES,
)


def create_app(deploy: Deploy, scripts: Scripts) -> ASGIApp:
    """Return the application of one server, with the endpoints of its plugins."""
    context = deploy.behaviour.context_root.strip("/")
    root = f"/{context}" if context else ""
    api = [Route(endpoint.path, _handler(deploy, endpoint), methods=[endpoint.method]) for endpoint in ROUTES]
    extension = Route("/{path:path}", _extension(deploy, scripts), methods=sorted(METHODS))
    document = description(f"{root}/deployit")

    async def describe(_: Request) -> Response:
        return JSONResponse(document)

    app = Starlette(
        routes=[
            Mount(f"{root}/deployit", Router(api, default=_not_found(deploy))),
            Mount(root + PREFIX, routes=[extension]),
            Route(f"{root}/openapi.json", describe),
            *testing_routes(deploy),
            *page_routes(deploy),
        ]
    )
    tolerant = PathTolerance(app, double_slash_ignored=deploy.behaviour.double_slash == "ignore")
    return JournalLayer(FaultLayer(tolerant, deploy.faults, deploy.repository.rewrite), deploy.journal)


def _not_found(deploy: Deploy) -> ASGIApp:
    """Return what answers where no endpoint does: also there, who asks must log in."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        response: Response = PlainTextResponse("Not Found", 404)
        try:
            authenticate(deploy, Request(scope))
        except UnauthenticatedError:
            response = unauthenticated()
        except LoginDeniedError as error:
            response = _refuse(deploy, Request(scope), error)
        await response(scope, receive, send)

    return answer


def _extension(deploy: Deploy, scripts: Scripts) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            user = authenticate(deploy, request)
        except UnauthenticatedError:
            return unauthenticated()
        except LoginDeniedError as error:
            return _refuse(deploy, request, error)
        return await answer_by_script(deploy, scripts, user, request)

    return handle


def _handler(deploy: Deploy, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        note_endpoint(request, f"{endpoint.method} {endpoint.path.replace(':path', '')}")
        exchange: Exchange | None = None
        try:
            user = authenticate(deploy, request)
            if not deploy.behaviour.licence:
                return PlainTextResponse("License not found, invalid, or expired", 402)
            exchange = Exchange(request, deploy, user, await _body(request))
            return await endpoint.handle(exchange)
        except UnauthenticatedError:
            return unauthenticated()
        except InvalidItemsError as error:
            answer = exchange.invalid(error) if exchange is not None else None
            return answer or _refuse(deploy, request, error)
        except UnparsableError as error:
            sends_xml = "json" not in request.headers.get("content-type", "xml")
            return _refuse(deploy, request, error, 500 if sends_xml else 400)
        except (DeployError, UnknownTypeError) as error:
            return _refuse(deploy, request, error)
        except Exception as error:
            return unhandled(error, request.url.path, deploy.behaviour)

    return handle


async def _body(request: Request) -> bytes:
    """Return the body, except of a form, which its handler reads itself."""
    multipart = request.headers.get("content-type", "").startswith("multipart/")
    return b"" if multipart else await request.body()


def _refuse(deploy: Deploy, request: Request, error: Exception, status: int | None = None) -> Response:
    return refusal(
        error,
        status or status_of(error, deploy.behaviour),
        request.url.path,
        deploy.behaviour,
        json_accepted=wants_json(request.headers.get("accept")),
    )
