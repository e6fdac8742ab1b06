"""What answers on a machine's port 22: an asyncssh server for every connection that gets there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import asyncssh
from asyncssh.forward import SSHForwarder

from cdk_app.sandbox.network.records import SSH_PORT

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable
    from pathlib import Path

INSTANCE_USER = "ec2-user"
BASTION_USER = "jump"
# What a fresh machine has, so that absolute paths of file transfers find their parents.
_DIRECTORIES = ("opt", "srv", "tmp")
_CHUNK = 65536


class _Source(Protocol):
    async def read(self, n: int = -1, /) -> bytes: ...


class _Sink(Protocol):
    def write(self, data: bytes, /) -> None: ...

    async def drain(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Ends:
    """Both addresses of a connection, as the machine that accepted it sees them."""

    peer: str
    local: str


class Bastion:
    """A jump host: forwards to port 22 of whatever it can reach itself, and nothing else.

    Parameters
    ----------
    public_key
        Whom the jump user is; None admits nobody.
    dial
        Opens a connection as this machine, to an address; OSError when that is impossible.
    """

    def __init__(
        self, public_key: asyncssh.SSHKey | None, dial: Callable[[str, int], Awaitable[socket.socket]]
    ) -> None:
        self._public_key = public_key
        self._dial = dial
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")

    async def serve(self, connection: socket.socket, _ends: Ends) -> asyncssh.SSHServerConnection:
        """Speak SSH on an accepted connection, until after the login."""
        return await asyncssh.run_server(
            connection,
            server_factory=lambda: _ForwardOnly(BASTION_USER, self._public_key, self._forward),
            server_host_keys=[self._host_key],
            agent_forwarding=False,
        )

    async def _forward(self, host: str, port: int) -> asyncssh.SSHTCPSession[bytes]:
        try:
            connection = await self._dial(host, port)
        except OSError as error:
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_CONNECT_FAILED, error.strerror or str(error)
            ) from error
        _, far = await asyncio.get_running_loop().create_connection(SSHForwarder, sock=connection)
        # asyncssh's own sessions for forwards, which its annotations do not show.
        return cast("asyncssh.SSHTCPSession[bytes]", SSHForwarder(far))


class Host:
    """An instance of a group: one user with a shell and files.

    The directory stands for the machine's file system. File transfers see it as the root, so absolute paths
    land under it. Commands start in it, with it as HOME, but are ordinary processes of this computer: an
    absolute path in a command is this computer's own. The connection type SFTP keeps every file operation
    under the directory; SCP's ``mkdir`` and ``rm`` are commands.

    Parameters
    ----------
    public_key
        Whom the user is; None admits nobody.
    directory
        The file system.
    """

    def __init__(self, public_key: asyncssh.SSHKey | None, directory: Path) -> None:
        self._public_key = public_key
        self._directory = directory
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        for name in _DIRECTORIES:
            (directory / name).mkdir(parents=True, exist_ok=True)

    async def serve(self, connection: socket.socket, ends: Ends) -> asyncssh.SSHServerConnection:
        """Speak SSH on an accepted connection, until after the login."""

        async def execute(process: asyncssh.SSHServerProcess[bytes]) -> None:
            await _execute(process, self._directory, ends)

        return await asyncssh.run_server(
            connection,
            server_factory=lambda: _KeyOnly(INSTANCE_USER, self._public_key),
            server_host_keys=[self._host_key],
            process_factory=execute,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(self._directory)),
            allow_scp=True,
            encoding=None,
            agent_forwarding=False,
        )


class _KeyOnly(asyncssh.SSHServer):
    def __init__(self, user: str, public_key: asyncssh.SSHKey | None) -> None:
        self._user = user
        self._public_key = public_key

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - every user has to log in
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self._user and self._public_key is not None and key == self._public_key


class _ForwardOnly(_KeyOnly):
    def __init__(
        self,
        user: str,
        public_key: asyncssh.SSHKey | None,
        forward: Callable[[str, int], Awaitable[asyncssh.SSHTCPSession[bytes]]],
    ) -> None:
        super().__init__(user, public_key)
        self._forward = forward

    def connection_requested(
        self,
        dest_host: str,
        dest_port: int,
        orig_host: str,  # noqa: ARG002 - asyncssh's signature
        orig_port: int,  # noqa: ARG002 - asyncssh's signature
    ) -> Awaitable[asyncssh.SSHTCPSession[bytes]]:
        if dest_port != SSH_PORT:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "open failed")
        return self._forward(dest_host, dest_port)


async def _execute(process: asyncssh.SSHServerProcess[bytes], directory: Path, ends: Ends) -> None:
    arguments = ["-c", process.command] if process.command is not None else []
    child = await asyncio.create_subprocess_exec(
        "/bin/sh",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=directory,
        env={
            "HOME": str(directory),
            "USER": INSTANCE_USER,
            "LOGNAME": INSTANCE_USER,
            "SHELL": "/bin/sh",
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "SSH_CONNECTION": f"{ends.peer} {SSH_PORT} {ends.local} {SSH_PORT}",
        },
        start_new_session=True,
    )
    running = asyncio.ensure_future(_converse(process, child))
    gone = asyncio.ensure_future(process.channel.wait_closed())
    try:
        await asyncio.wait({running, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Either way nothing that the command started outlives its session.
        running.cancel()
        gone.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


async def _converse(process: asyncssh.SSHServerProcess[bytes], child: asyncio.subprocess.Process) -> None:
    assert child.stdin and child.stdout and child.stderr  # noqa: S101 - all three are pipes
    feeding = asyncio.ensure_future(_feed(process.stdin, child.stdin))
    try:
        await asyncio.gather(_pump(child.stdout, process.stdout), _pump(child.stderr, process.stderr))
        status = await child.wait()
    finally:
        feeding.cancel()
    if status < 0:
        process.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
    else:
        process.exit(status)


async def _feed(source: _Source, sink: asyncio.StreamWriter) -> None:
    await _pump(source, sink)
    sink.close()


async def _pump(source: _Source, sink: _Sink) -> None:
    # A side that has gone away ends the pump; the session's end is decided elsewhere.
    with contextlib.suppress(OSError, asyncssh.Error):
        while chunk := await source.read(_CHUNK):
            sink.write(chunk)
            await sink.drain()
