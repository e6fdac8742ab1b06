"""A path with what answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response

    from cdk_app.sandbox.deploy_server.wire.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path below ``/deployit``."""

    method: str
    path: str
    handle: Callable[[Exchange], Awaitable[Response]]
