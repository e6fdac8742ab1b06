"""A network of SSH machines inside this process, as EC2's records describe it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

import asyncssh
from botocore.exceptions import BotoCoreError, ClientError

from cdk_app.sandbox.network.ec2 import read_public_key, read_topology
from cdk_app.sandbox.network.machines import Bastion, Ends, Host
from cdk_app.sandbox.network.reachability import Outcome, from_instance, from_outside

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future
    from pathlib import Path
    from types import TracebackType

    from mypy_boto3_ec2 import EC2Client

    from cdk_app.sandbox.network.records import Instance, Topology

P = ParamSpec("P")
T = TypeVar("T")
_LOGGED = 10_000
_REAPING_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to connect.

    Parameters
    ----------
    source
        The outside address, or the id of the instance that connected.
    host, port
        Where to.
    outcome, reason
        The verdict.
    """

    source: str
    host: str
    port: int
    outcome: Outcome
    reason: str


class SshNetwork:
    """SSH hosts behind bastions, without root and without a listening socket.

    EC2's public records, read for every connection, say which machines there are and who reaches whom. An
    instance of an Auto Scaling group is a host for ``ec2-user``; one that stands alone is a bastion for
    ``jump``. Both accept the public key of their own key pair. A connection is one end of a socket pair, so
    nobody reaches a machine but through here. The servers run in a thread of their own; `connect` works from
    any event loop.

    Parameters
    ----------
    ec2
        Client for the cloud in which the instances are.
    directory
        Holds the file system of every instance, named by its id.
    outside_address
        Public address from which `connect` reaches the cloud.
    silence
        Seconds after which an attempt without an answer ends with ``ETIMEDOUT``; Linux gives up after 127.
    """

    def __init__(
        self,
        ec2: EC2Client,
        directory: Path,
        *,
        outside_address: str = "203.0.113.10",
        silence: float = 127.0,
    ) -> None:
        self._ec2 = ec2
        self._directory = directory
        self._outside_address = outside_address
        self._silence = silence
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ssh-network", daemon=True)
        self._reading: asyncio.Task[Topology] | None = None
        self._next_reading: asyncio.Task[Topology] | None = None
        self._machines: dict[str, Host | Bastion] = {}
        self._creating = asyncio.Lock()
        self._sessions: dict[str, set[asyncssh.SSHServerConnection]] = defaultdict(set)
        self._tasks: set[asyncio.Task[None]] = set()
        self._attempts: deque[Attempt] = deque(maxlen=_LOGGED)

    def __enter__(self) -> Self:
        """Start the thread of the servers."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._thread.start()
        self._loop.call_soon_threadsafe(self._spawn, self._end_sessions_of_the_dead())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all sessions and processes; the files of the instances stay."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Who tried to connect to whom, oldest first, and what became of it."""
        return tuple(self._attempts)

    def instance_directory(self, instance_id: str) -> Path:
        """Return the file system of an instance; it exists from the first connection on, and stays."""
        return self._directory / instance_id

    async def connect(self, host: str, port: int) -> socket.socket:
        """Connect from outside the cloud, from any event loop.

        Parameters
        ----------
        host
            Address or DNS name of an instance.
        port
            TCP port.

        Returns
        -------
        socket.socket
            A connected non-blocking socket, owned by the caller.

        Raises
        ------
        OSError
            ``ENETUNREACH`` for a private address, ``ECONNREFUSED`` for another port than SSH's, ``ETIMEDOUT``
            where packets vanish, ``ENETDOWN`` when EC2 itself does not answer.
        """
        dialling = asyncio.run_coroutine_threadsafe(self._dial(None, host, port), self._loop)
        try:
            return await asyncio.wrap_future(dialling)
        except asyncio.CancelledError:
            dialling.add_done_callback(_hang_up)
            raise

    async def _dial(self, source: Instance | None, host: str, port: int) -> socket.socket:
        topology = await self._topology()
        if source is None:
            verdict = from_outside(topology, self._outside_address, host, port)
        else:
            verdict = from_instance(topology, source, host, port)
        origin = self._outside_address if source is None else source.id
        self._attempts.append(Attempt(origin, host, port, verdict.outcome, verdict.reason))
        if verdict.instance is None or verdict.outcome is not Outcome.CONNECTED:
            raise await self._failure(verdict.outcome)
        theirs, ours = socket.socketpair()
        theirs.setblocking(False)
        ours.setblocking(False)
        peer = self._outside_address if source is None else source.address
        self._spawn(self._accept(verdict.instance, ours, Ends(peer, verdict.instance.address)))
        return theirs

    async def _failure(self, outcome: Outcome) -> OSError:
        if outcome is Outcome.SILENCE:
            await asyncio.sleep(self._silence)
        number = {Outcome.UNREACHABLE: errno.ENETUNREACH, Outcome.REFUSED: errno.ECONNREFUSED}.get(
            outcome, errno.ETIMEDOUT
        )
        return OSError(number, os.strerror(number))

    async def _accept(self, instance: Instance, connection: socket.socket, ends: Ends) -> None:
        try:
            session = await (await self._machine(instance)).serve(connection, ends)
        except BaseException as failure:
            connection.close()
            if isinstance(failure, (asyncssh.Error, OSError)):
                return  # not logged in: the client knows why
            raise
        sessions = self._sessions[instance.id]
        sessions.add(session)
        try:
            await session.wait_closed()
        finally:
            sessions.discard(session)

    async def _machine(self, instance: Instance) -> Host | Bastion:
        async with self._creating:
            if instance.id not in self._machines:
                self._machines[instance.id] = await self._boot(instance)
            return self._machines[instance.id]

    async def _boot(self, instance: Instance) -> Host | Bastion:
        text = instance.key_name and await self._ask(read_public_key, self._ec2, instance.key_name)
        public_key = asyncssh.import_public_key(text) if text else None
        if instance.group is None:
            return Bastion(public_key, partial(self._dial, instance))
        return Host(public_key, self.instance_directory(instance.id))

    async def _topology(self) -> Topology:
        """Read EC2's records; who asks while they are being read shares the next reading with all others."""
        if self._next_reading is None:
            self._next_reading = asyncio.ensure_future(self._read_after(self._reading))
        return await asyncio.shield(self._next_reading)

    async def _read_after(self, reading: asyncio.Task[Topology] | None) -> Topology:
        if reading is not None:
            await asyncio.wait({reading})
        self._reading, self._next_reading = self._next_reading, None
        return await self._ask(read_topology, self._ec2)

    async def _ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await asyncio.to_thread(question, *args, **kwargs)
        except (BotoCoreError, ClientError) as error:
            raise OSError(errno.ENETDOWN, f"EC2 does not say who is there: {error}") from error

    async def _end_sessions_of_the_dead(self) -> None:
        """Close what is open to an instance that stopped; it took its own end of the connection along."""
        while True:
            await asyncio.sleep(_REAPING_SECONDS)
            if not self._machines:
                continue
            with contextlib.suppress(OSError):
                running = {
                    instance.id
                    for instance in (await self._topology()).instances
                    if instance.state == "running"
                }
                for instance_id in set(self._machines) - running:
                    del self._machines[instance_id]
                    for session in self._sessions.pop(instance_id, set()):
                        session.abort()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stop(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_default_executor()


def _hang_up(dialling: Future[socket.socket]) -> None:
    if not dialling.cancelled() and dialling.exception() is None:
        dialling.result().close()
