"""The HTTP application: paths, authentication, refusals."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from cdk_app.sandbox.deploy_server.errors import (
    DeployError,
    InvalidItemsError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnparsableError,
)
from cdk_app.sandbox.deploy_server.extension.archive import METHODS
from cdk_app.sandbox.deploy_server.openapi import description
from cdk_app.sandbox.deploy_server.security.model import LOGIN
from cdk_app.sandbox.deploy_server.types import UnknownTypeError
from cdk_app.sandbox.deploy_server.wire.deployment import DEPLOYMENT_ROUTES
from cdk_app.sandbox.deploy_server.wire.exchange import Exchange, wants_json
from cdk_app.sandbox.deploy_server.wire.extension import PREFIX, answer_by_script
from cdk_app.sandbox.deploy_server.wire.failures import refusal, status_of
from cdk_app.sandbox.deploy_server.wire.legacy import LEGACY_TASK_ROUTES
from cdk_app.sandbox.deploy_server.wire.packages import PACKAGE_ROUTES
from cdk_app.sandbox.deploy_server.wire.reports import REPORT_ROUTES
from cdk_app.sandbox.deploy_server.wire.repository import REPOSITORY_ROUTES
from cdk_app.sandbox.deploy_server.wire.server import SERVER_ROUTES
from cdk_app.sandbox.deploy_server.wire.tasks import TASK_ROUTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from cdk_app.sandbox.deploy_server.composition import Deploy
    from cdk_app.sandbox.deploy_server.extension import Scripts
    from cdk_app.sandbox.deploy_server.security.model import User
    from cdk_app.sandbox.deploy_server.wire.routes import Endpoint

ROUTES = (
    *SERVER_ROUTES,
    *REPOSITORY_ROUTES,
    *DEPLOYMENT_ROUTES,
    *TASK_ROUTES,
    *LEGACY_TASK_ROUTES,
    *PACKAGE_ROUTES,
    *REPORT_ROUTES,
)


def create_app(deploy: Deploy, scripts: Scripts) -> ASGIApp:
    """Return the application of one server, with the endpoints of its plugins."""
    context = deploy.behaviour.context_root.strip("/")
    root = f"/{context}" if context else ""
    routes = [
        Route(endpoint.path, _handler(deploy, endpoint), methods=[endpoint.method]) for endpoint in ROUTES
    ]
    extension = Route("/{path:path}", _extension(deploy, scripts), methods=sorted(METHODS))
    document = description(f"{root}/deployit")

    async def describe(_: Request) -> Response:
        return JSONResponse(document)

    app = Starlette(
        routes=[
            Mount(f"{root}/deployit", routes=routes),
            Mount(root + PREFIX, routes=[extension]),
            Route(f"{root}/openapi.json", describe),
        ]
    )
    return PathTolerance(app, double_slash_ignored=deploy.behaviour.double_slash == "ignore")


class PathTolerance:
    """Takes trailing and double slashes, as clients of the real server send them."""

    def __init__(self, app: ASGIApp, *, double_slash_ignored: bool) -> None:
        self._app = app
        self._ignored = double_slash_ignored

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its path in one form."""
        if scope["type"] == "http":
            path = scope["path"].rstrip("/") or "/"
            scope = {**scope, "path": re.sub("//+", "/", path) if self._ignored else path}
        await self._app(scope, receive, send)


def _extension(deploy: Deploy, scripts: Scripts) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            user = authenticate(deploy, request)
        except UnauthenticatedError:
            return _unauthenticated()
        except PermissionDeniedError as error:
            return _refuse(deploy, request, error)
        return await answer_by_script(deploy, scripts, user, request)

    return handle


def _unauthenticated() -> Response:
    return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="Deploy"'})


def _handler(deploy: Deploy, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        exchange: Exchange | None = None
        try:
            user = authenticate(deploy, request)
            if not deploy.behaviour.licence:
                return PlainTextResponse("License not found, invalid, or expired", 402)
            exchange = Exchange(request, deploy, user, await _body(request))
            return await endpoint.handle(exchange)
        except UnauthenticatedError:
            return _unauthenticated()
        except InvalidItemsError as error:
            answer = exchange.invalid(error) if exchange is not None else None
            return answer or _refuse(deploy, request, error)
        except UnparsableError as error:
            sends_xml = "json" not in request.headers.get("content-type", "xml")
            return _refuse(deploy, request, error, 500 if sends_xml else 400)
        except (DeployError, UnknownTypeError) as error:
            return _refuse(deploy, request, error)

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


def authenticate(deploy: Deploy, request: Request) -> User:
    """Return the user of a request, by basic credentials or by a token as password of an empty user name.

    Raises
    ------
    UnauthenticatedError
        There are no credentials, or wrong ones.
    PermissionDeniedError
        The user may not log in.
    """
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise UnauthenticatedError
    try:
        name, _, password = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise UnauthenticatedError from None
    user = deploy.accounts.authenticate(name, password)
    if user is None:
        raise UnauthenticatedError
    if not deploy.permissions.has_global(user, LOGIN):
        raise PermissionDeniedError(LOGIN)
    return user
