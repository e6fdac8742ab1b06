"""The Deploy server itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.deploy.transport import Transport


class Server:
    """What one server tells about itself."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def version(self) -> str | None:
        """Return the server's version such as ``24.3.0``, or None if the answer names none.

        It is the call with which the vendor's SDK checks credentials and licence. Only the XML form of its
        answer is attested.
        """
        found = re.search(r"<version>\s*([^<\s]+)\s*</version>", self._transport.get_xml("/server/info"))
        return found[1] if found else None
