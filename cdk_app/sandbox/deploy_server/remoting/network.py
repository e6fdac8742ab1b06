"""Where the first TCP connection of a step comes from."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol


class Network(Protocol):
    """The way from the Deploy server to the hosts it reaches directly."""

    async def connect(self, host: str, port: int) -> socket.socket:
        """Connect to a host.

        Parameters
        ----------
        host
            Address or name as written in the CI.
        port
            TCP port.

        Returns
        -------
        socket.socket
            A connected non-blocking socket, owned by the caller.

        Raises
        ------
        OSError
            As the operating system would raise it: ``ENETUNREACH``, ``ECONNREFUSED``, …
        """
        ...


class DirectNetwork:
    """The network of this machine."""

    async def connect(self, host: str, port: int) -> socket.socket:
        """Connect over plain TCP; see `Network.connect`."""
        loop = asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        failure: OSError | None = None
        for family, kind, protocol, _, address in addresses:
            connection = socket.socket(family, kind, protocol)
            connection.setblocking(False)
            try:
                await loop.sock_connect(connection, address)
            except OSError as error:
                connection.close()
                failure = error
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise failure or OSError(f"no address for {host}")
