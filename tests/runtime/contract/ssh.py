"""One SSH server on the loopback interface that plays every host of a test."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import asyncssh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Hosts:
    """Hosts by address; commands are noted instead of run.

    Attributes
    ----------
    commands : list
        (address, command), in order.
    dead : set of str
        Addresses that nobody answers at.
    failing : set of str
        Addresses where every command fails.
    attempts : list of str
        Addresses that were connected to.
    """

    def __init__(self, directory: Path) -> None:
        self.commands: list[tuple[str, str]] = []
        self.dead: set[str] = set()
        self.failing: set[str] = set()
        self.attempts: list[str] = []
        self._may_end = threading.Event()
        self._may_end.set()
        self._directory = directory
        self._address_by_port: dict[int, str] = {}
        self._sessions: set[asyncssh.SSHServerConnection] = set()
        self._listening: Future[tuple[int, Callable[[], object]]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._port, self._end = self._listening.result(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._thread.join()

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Let commands start, but not end before this does."""
        self._may_end.clear()
        try:
            yield
        finally:
            self._may_end.set()

    async def connect(self, host: str, port: int) -> socket.socket:
        """`Network.connect` of the stand-in: every address is ours, none leaves this machine."""
        del port
        self.attempts.append(host)
        if host in self.dead:
            raise OSError(f"no route to {host}")
        connection = socket.create_connection(("127.0.0.1", self._port))
        self._address_by_port[connection.getsockname()[1]] = host
        connection.setblocking(False)
        return connection

    async def _serve(self) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        async with await self._listen() as listener:
            self._listening.set_result((listener.get_port(), lambda: loop.call_soon_threadsafe(ended.set)))
            await ended.wait()
        for session in tuple(self._sessions):
            session.abort()
            await session.wait_closed()

    async def _listen(self) -> asyncssh.SSHAcceptor:
        hosts = self

        class Server(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                hosts._sessions.add(conn)

            def begin_auth(self, username: str) -> bool:
                del username
                return False

        async def factory(process: asyncssh.SSHServerProcess[str]) -> None:
            address = hosts._address_by_port[process.get_extra_info("peername")[1]]
            hosts.commands.append((address, process.command or ""))
            while not hosts._may_end.is_set():
                await asyncio.sleep(0.02)
            process.exit(1 if address in hosts.failing else 0)

        def sftp(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
            return asyncssh.SFTPServer(channel, chroot=str(hosts._directory).encode())

        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Server,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            process_factory=factory,
            sftp_factory=sftp,
        )
