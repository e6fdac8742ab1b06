"""Around the application: faults on demand, the journal, and ``/_standin`` to reach both over HTTP."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from cdk_app.sandbox.deploy_server.errors import PermissionDeniedError, UnauthenticatedError
from cdk_app.sandbox.deploy_server.security.model import ADMIN
from cdk_app.sandbox.deploy_server.testing import Call, RequestFault, StepFault
from cdk_app.sandbox.deploy_server.wire import json_reader
from cdk_app.sandbox.deploy_server.wire.authentication import authenticate, unauthenticated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from cdk_app.sandbox.deploy_server.composition import Deploy
    from cdk_app.sandbox.deploy_server.testing import Faults, Journal

PREFIX = "/_standin"
_ENDPOINT = "endpoint"
_TRANSPORT = "transport"


class DroppableProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, with the connection in reach of `FaultLayer`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base class
        """Keep the connection where a request finds it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}


def note_endpoint(request: Request, endpoint: str) -> None:
    """Tell the journal which endpoint answers a request."""
    request.scope.setdefault("state", {})[_ENDPOINT] = endpoint


@dataclass(frozen=True, slots=True)
class JournalLayer:
    """Notes every request to the API and to plugins."""

    app: ASGIApp
    journal: Journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note its answer."""
        if scope["type"] != "http" or scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status: int | None = None
        noted = False

        def note() -> None:
            nonlocal noted
            noted = True
            method, path = scope["method"], scope["path"]
            endpoint = scope.get("state", {}).get(_ENDPOINT) or f"{method} {path}"
            self.journal.add(Call(endpoint, method, path, status, time.perf_counter() - started))

        held: list[Message] = []

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                # Held until the body: without one, the head is the whole answer.
                status = message["status"]
                held.append(message)
                return
            if not message.get("more_body"):
                # Before the client has the answer, so that it finds the call in the journal.
                note()
            while held:
                await send(held.pop())
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            if not noted:
                note()


@dataclass(frozen=True, slots=True)
class FaultLayer:
    """Lets requests go wrong as tests have asked for.

    Attributes
    ----------
    rewrite
        Writes an item once more, so that the tokens that clients have read are stale.
    """

    app: ASGIApp
    faults: Faults
    rewrite: Callable[[str], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or do to it what its fault says."""
        fault = None
        if scope["type"] == "http" and not scope["path"].startswith(PREFIX):
            fault = self.faults.of_request(scope["method"], scope["path"])
        if fault is None:
            await self.app(scope, receive, send)
            return
        await asyncio.sleep(fault.delay)
        if fault.kind == "stale":
            self.rewrite(scope["path"].partition("/repository/ci/")[2])
        if fault.kind in ("none", "stale"):
            await self.app(scope, receive, send)
            return
        if fault.when == "after":
            await self.app(scope, receive, _discard)
        if fault.kind == "drop":
            scope["state"][_TRANSPORT].abort()
            return
        await PlainTextResponse(fault.text, fault.status)(scope, receive, send)


async def _discard(_: Message) -> None:
    """Take an answer that nobody gets."""


def testing_routes(deploy: Deploy) -> list[Route]:
    """Return the routes of ``/_standin``, for administrators."""

    async def journal(_: Request) -> Response:
        calls = [asdict(call) for call in deploy.journal.calls]
        return JSONResponse({"counts": deploy.journal.counts(), "calls": calls})

    async def forget(_: Request) -> Response:
        deploy.journal.clear()
        return Response(status_code=204)

    async def faults(_: Request) -> Response:
        return JSONResponse([_shown(fault) for fault in deploy.faults.pending()])

    async def add_fault(request: Request) -> Response:
        try:
            deploy.faults.add(_fault(json_reader.parse(await request.body())))
        except (ValueError, TypeError, re.error) as error:
            return PlainTextResponse(str(error), 400)
        return Response(status_code=204)

    async def clear_faults(_: Request) -> Response:
        deploy.faults.clear()
        return Response(status_code=204)

    async def restart(_: Request) -> Response:
        await deploy.tasks.engine.restart(deploy.tasks.tasks.values())
        return Response(status_code=204)

    return [
        Route(f"{PREFIX}/journal", _for_administrators(deploy, journal), methods=["GET"]),
        Route(f"{PREFIX}/journal", _for_administrators(deploy, forget), methods=["DELETE"]),
        Route(f"{PREFIX}/faults", _for_administrators(deploy, faults), methods=["GET"]),
        Route(f"{PREFIX}/faults", _for_administrators(deploy, add_fault), methods=["POST"]),
        Route(f"{PREFIX}/faults", _for_administrators(deploy, clear_faults), methods=["DELETE"]),
        Route(f"{PREFIX}/restart", _for_administrators(deploy, restart), methods=["POST"]),
    ]


def _for_administrators(
    deploy: Deploy, handle: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    async def guarded(request: Request) -> Response:
        try:
            deploy.permissions.require_global(authenticate(deploy, request), ADMIN)
        except UnauthenticatedError:
            return unauthenticated()
        except PermissionDeniedError as error:
            return PlainTextResponse(error.text, 403)
        return await handle(request)

    return guarded


def _fault(value: Any) -> RequestFault | StepFault:  # noqa: ANN401 - decoded JSON
    """Return the fault that a JSON object describes: ``of`` is ``request`` or ``step``.

    Raises
    ------
    ValueError
        It describes none; the text says which keys there are.
    """
    kinds: dict[object, type[RequestFault] | type[StepFault]] = {"request": RequestFault, "step": StepFault}
    kind = kinds.get(value.get("of")) if isinstance(value, dict) else None
    if kind is None:
        raise ValueError('Expected an object with "of": "request" or "step"')
    given = {name: item for name, item in value.items() if name != "of"}
    known = [field.name for field in fields(kind)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"Unknown keys {', '.join(unknown)}; there are {', '.join(known)}")
    return kind(**given)


def _shown(fault: RequestFault | StepFault) -> dict[str, object]:
    return {"of": "request" if isinstance(fault, RequestFault) else "step", **asdict(fault)}
