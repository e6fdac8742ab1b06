"""What the account may do on a Deploy server."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from runtime.deploy.errors import Forbidden, Missing, Refused
from runtime.deploy.repository import boolean
from runtime.deploy.transport import escaped

if TYPE_CHECKING:
    from runtime.deploy.transport import Transport


class Security:
    """Permissions of our account on one server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def allows(self, permission: str, directory: str | None = None) -> bool:
        """Tell whether the account has a permission, globally or on a root or directory.

        A server that does not answer the question is taken to allow it: the call that needs the permission
        will tell.
        """
        path = f"/security/check/{quote(permission, safe='')}"
        try:
            return boolean(self._transport.get(path if directory is None else f"{path}/{escaped(directory)}"))
        except (Forbidden, Missing, Refused):
            return True
