"""How the server reaches a host: the part of Overthere that Deploy's steps use, over SSH.

Usage::

    options = ConnectionOptions.from_ci(host_properties, read_properties)
    async with open_connection(options, DirectNetwork()) as connection:
        await connection.put(b"content", "/srv/app/file")
        result = await connection.run("ls -l /srv/app")
"""

from __future__ import annotations

from cdk_app.sandbox.deploy_server.remoting.connection import RemoteConnection, open_connection
from cdk_app.sandbox.deploy_server.remoting.errors import ConnectionOptionError, RemotingError
from cdk_app.sandbox.deploy_server.remoting.network import DirectNetwork, Network
from cdk_app.sandbox.deploy_server.remoting.options import ConnectionOptions, ConnectionType, Timeouts
from cdk_app.sandbox.deploy_server.remoting.shell import CommandResult

__all__ = [
    "CommandResult",
    "ConnectionOptionError",
    "ConnectionOptions",
    "ConnectionType",
    "DirectNetwork",
    "Network",
    "RemoteConnection",
    "RemotingError",
    "Timeouts",
    "open_connection",
]
