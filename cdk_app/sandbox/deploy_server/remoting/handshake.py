"""Open the SSH connection of every hop, and say what went wrong in Overthere's words."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncssh

from cdk_app.sandbox.deploy_server.remoting.errors import RemotingError
from cdk_app.sandbox.deploy_server.remoting.keys import UNAUTHENTICATED, private_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cdk_app.sandbox.deploy_server.remoting.network import Network
    from cdk_app.sandbox.deploy_server.remoting.options import ConnectionOptions

_CLOSING_SECONDS = 2.0
_HIGHEST_PORT = 65535
# Overthere takes the next port for every forward of the process and comes back only at the end of the range.
_forwards = itertools.count()


_NO_ANSWER = "TransportException: Server closed connection during identification exchange"


@dataclass(frozen=True, slots=True)
class Session:
    """A connection that is logged in, and its name in Overthere's words."""

    connection: asyncssh.SSHClientConnection
    name: str


@asynccontextmanager
async def ssh_session(options: ConnectionOptions, network: Network) -> AsyncIterator[Session]:
    """Open one connection and, for it alone, every jumpstation before it.

    Overthere does not share a jumpstation between connections: that is how a bastion with OpenSSH's default
    ``MaxStartups`` comes to drop some of twenty parallel steps.

    Raises
    ------
    RemotingError
        A hop cannot be reached, does not speak SSH or refuses the login.
    """
    hop = options.jumpstation
    if hop is None:
        async with _closing(await _connect_directly(options, network)) as session:
            yield session
        return
    async with (
        ssh_session(hop, network) as jumpstation,
        _closing(await _connect_through(jumpstation, options, hop)) as session,
    ):
        yield session


async def _connect_directly(options: ConnectionOptions, network: Network) -> Session:
    where = f"{options.address}:{options.port}"
    try:
        async with asyncio.timeout(options.timeouts.connection or None):
            sock = await network.connect(options.address, options.port)
    except socket.gaierror as error:
        cause = f"UnknownHostException: {options.address}"
        raise RemotingError(f"Cannot connect to {where} <- {cause}") from error
    except OSError as error:
        # Without a number it is the timeout above, with one it is the operating system's word.
        reason = "Connect timed out" if error.errno is None else os.strerror(error.errno)
        raise RemotingError(f"Cannot connect to {where} <- {reason}") from error
    return await _log_in(options, where, sock=sock)


async def _connect_through(
    jumpstation: Session, options: ConnectionOptions, hop: ConnectionOptions
) -> Session:
    # Overthere forwards a local port, so its texts can name only that port, never the host. Here the forward
    # is the channel alone: no port is opened that another user of this machine could connect to.
    start = hop.port_range_start
    port = start + next(_forwards) % (_HIGHEST_PORT + 1 - start)
    return await _log_in(options, f"localhost:{port}", tunnel=jumpstation.connection)


async def _log_in(
    options: ConnectionOptions,
    where: str,
    *,
    sock: socket.socket | None = None,
    tunnel: asyncssh.SSHClientConnection | None = None,
) -> Session:
    name = options.name(where)
    timeouts = options.timeouts
    # A socket timeout below the transport's ends the wait for the peer's identification as well.
    patience = min((seconds for seconds in (timeouts.transport, timeouts.socket) if seconds), default=None)
    try:
        key = private_key(options, name)
        async with asyncio.timeout(patience):
            connection = await asyncssh.connect(
                options.address,
                options.port,
                sock=sock,
                tunnel=tunnel,
                username=options.username,
                client_keys=None if key is None else [key],
                password=options.password if key is None else None,
                preferred_auth="password,keyboard-interactive" if key is None else "publickey",
                # Overthere trusts every host key; nothing of this machine's user may leak in.
                known_hosts=None,
                config=None,
                agent_path=None,
                login_timeout=0,
                encoding="utf-8",
                errors="replace",
            )
    except asyncssh.PermissionDenied:
        if key is None and options.password is None:
            raise RemotingError("Not authenticated") from None
        raise RemotingError(f"Cannot connect to {name} <- {UNAUTHENTICATED}") from None
    except (asyncssh.Error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise RemotingError(f"Cannot connect to {where} <- {os.strerror(error.errno)}") from error
        # Whatever the reason at the far end of a forward, even silence, the client only sees its local
        # connection close.
        raise RemotingError(f"Cannot connect to {where} <- {_NO_ANSWER}") from error
    except BaseException:
        if sock is not None:
            sock.close()
        raise
    return Session(connection, name)


@asynccontextmanager
async def _closing(session: Session) -> AsyncIterator[Session]:
    try:
        yield session
    finally:
        session.connection.close()
        try:
            async with asyncio.timeout(_CLOSING_SECONDS):
                await session.connection.wait_closed()
        except TimeoutError:
            # The peer is gone and takes no more data.
            session.connection.abort()
