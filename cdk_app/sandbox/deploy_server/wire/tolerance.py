"""Forms of a path that clients of the real server send."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class PathTolerance:
    """Takes trailing slashes, and double ones unless they are to be not found."""

    def __init__(self, app: ASGIApp, *, double_slash_ignored: bool) -> None:
        self._app = app
        self._ignored = double_slash_ignored

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its path in one form."""
        if scope["type"] == "http":
            path = scope["path"].rstrip("/") or "/"
            scope = {**scope, "path": re.sub("//+", "/", path) if self._ignored else path}
        await self._app(scope, receive, send)
