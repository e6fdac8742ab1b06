"""What AWS has no API for, under ``/_sandbox/``: run a schedule, lose events, speak as an AWS service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse

from cdk_app.sandbox.cloud.auto_scaling import bus

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/_sandbox/"

ACTIONS: dict[str, Callable[..., None]] = {
    "lose-auto-scaling-events": bus.lose,
    "publish": bus.put,
}
"""Name in the path → function, which takes the members of the JSON body; a LookupError becomes a 404."""


def with_admin(application: ASGIApp) -> ASGIApp:
    """Put the actions in front of an ASGI application."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            request = Request(scope, receive)
            action = scope["path"].removeprefix(PREFIX)
            await _answer(action, await request.body())(scope, receive, send)
        else:
            await application(scope, receive, send)

    return app


def _answer(action: str, body: bytes) -> JSONResponse:
    try:
        ACTIONS[action](**json.loads(body or b"{}"))
    except LookupError as error:
        return JSONResponse({"message": str(error)}, status_code=404)
    return JSONResponse({})
