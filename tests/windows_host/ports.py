"""A port for a server that cannot ask for any."""

from __future__ import annotations

import socket


def unused_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
