"""Carries out steps on hosts and on the repository."""

from __future__ import annotations

import asyncio
import io
import zipfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from cdk_app.sandbox.deploy_server.deployment.registration import register
from cdk_app.sandbox.deploy_server.errors import DeployError
from cdk_app.sandbox.deploy_server.execution.actions import (
    CheckConnection,
    DeleteArtifact,
    Pause,
    RegisterDeployeds,
    RunCommand,
    TakeLocks,
    UploadArtifact,
)
from cdk_app.sandbox.deploy_server.execution.local import LocalConnection
from cdk_app.sandbox.deploy_server.remoting import ConnectionOptions, RemotingError, Timeouts, open_connection
from cdk_app.sandbox.deploy_server.repository.model import Secret
from cdk_app.sandbox.deploy_server.repository.placeholders import replace_placeholders
from cdk_app.sandbox.deploy_server.tasks.steps import StepFailedError, StepPausedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from cdk_app.sandbox.deploy_server.remoting import CommandResult, Network
    from cdk_app.sandbox.deploy_server.repository.artifacts import ArtifactStore
    from cdk_app.sandbox.deploy_server.repository.store import Repository
    from cdk_app.sandbox.deploy_server.settings import Behaviour
    from cdk_app.sandbox.deploy_server.tasks.locks import Locks
    from cdk_app.sandbox.deploy_server.tasks.model import Step, Task


# Values with a meaning: the placeholder stays as it is, or nothing takes its place.
_SPECIAL: dict[str, str | None] = {"<ignore>": None, "<empty>": ""}


class Connection(Protocol):
    """A host, local or remote, to run commands and keep files on."""

    async def run(self, command: str, env: Mapping[str, str] | None = None) -> CommandResult:
        """Run a command line."""
        ...

    async def put(self, content: bytes, path: str) -> None:
        """Write a file."""
        ...

    async def delete(self, path: str) -> None:
        """Remove a file or directory, if it is there."""
        ...

    async def mkdir(self, path: str) -> None:
        """Create a directory with its parents, if it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class Executor:
    """Does what the action of a step says.

    Attributes
    ----------
    network
        Way to hosts that are reached directly.
    scratch
        Directory on this machine in which steps on a ``LocalHost`` run.
    """

    repository: Repository
    artifacts: ArtifactStore
    network: Network
    behaviour: Behaviour
    scratch: Path
    locks: Locks

    async def execute(self, task: Task, step: Step, log: Callable[[str], None]) -> None:
        """Carry out a step; see `StepExecutor.execute`."""
        action = step.action
        try:
            match action:
                case RegisterDeployeds():
                    self._register(task, action, log)
                case Pause():
                    raise StepPausedError
                case TakeLocks():
                    await self._lock(task, action, log)
                case RunCommand():
                    async with self._connection(action.host) as connection:
                        await _run(connection, action, log)
                case UploadArtifact():
                    async with self._connection(action.host) as connection:
                        await self._upload(connection, action, log)
                case DeleteArtifact():
                    async with self._connection(action.host) as connection:
                        await _delete(connection, action, log)
                case CheckConnection():
                    async with self._connection(action.host) as connection:
                        await _check(connection, log)
        except (RemotingError, OSError) as error:
            raise StepFailedError(str(error)) from error
        except DeployError as error:
            raise StepFailedError(error.text) from error

    def _register(self, task: Task, action: RegisterDeployeds, log: Callable[[str], None]) -> None:
        for specification in task.specifications:
            if specification.application == action.application:
                register(self.repository, specification, task.owner)
                log(f"Registered {action.application}")

    async def _lock(self, task: Task, action: TakeLocks, log: Callable[[str], None]) -> None:
        for attempt in range(action.attempts + 1):
            held = self.locks.take(action.ids, task.id)
            if held is None:
                log(f"Locked {', '.join(action.ids)}")
                return
            log(f"[{held}] is locked by task {self.locks.holder(held)}")
            if attempt < action.attempts:
                await asyncio.sleep(action.interval)
        raise StepPausedError("The locks could not be taken", again=True)

    @asynccontextmanager
    async def _connection(self, host: str) -> AsyncIterator[Connection]:
        item = self.repository.get(host)
        if self.repository.types.is_a(item.type, "overthere.LocalHost"):
            yield LocalConnection(self.scratch)
            return
        timeouts = Timeouts(
            connection=self.behaviour.connection_timeout, transport=self.behaviour.transport_timeout
        )
        options = ConnectionOptions.from_ci(self._properties(host), self._properties, timeouts)
        async with open_connection(options, self.network) as connection:
            yield connection

    def _properties(self, ci_id: str) -> Mapping[str, object]:
        """Properties of an item with secrets in clear: they go to the SSH library and nowhere else."""
        item = self.repository.get(ci_id)
        return {
            name: value.clear if isinstance(value, Secret) else value
            for name, value in item.properties.items()
        }

    async def _upload(
        self, connection: Connection, action: UploadArtifact, log: Callable[[str], None]
    ) -> None:
        content = await asyncio.to_thread(self.artifacts.content, action.checksum)
        files = _unpacked(content) if action.unpack else {"": content}
        made: set[str] = set()
        for name, data in files.items():
            path = f"{action.target.rstrip('/')}/{name}" if name else action.target
            directory = str(PurePosixPath(path).parent)
            if action.create_directory and directory not in made:
                await connection.mkdir(directory)
                made.add(directory)
            await connection.put(_filled(data, action.placeholders), path)
            log(f"Copied {len(data)} bytes to {path}")


async def _run(connection: Connection, action: RunCommand, log: Callable[[str], None]) -> None:
    log(f"Executing {action.command}")
    result = await connection.run(action.command)
    for text in (result.stdout, result.stderr):
        if text:
            log(text.rstrip("\n"))
    if result.exit_status != 0:
        raise StepFailedError(f"Command failed with exit code {result.exit_status}")


async def _delete(connection: Connection, action: DeleteArtifact, log: Callable[[str], None]) -> None:
    paths = [f"{action.target.rstrip('/')}/{member}" for member in action.members] or [action.target]
    for path in paths:
        await connection.delete(path)
        log(f"Deleted {path}")


async def _check(connection: Connection, log: Callable[[str], None]) -> None:
    path = ".deploy-check-connection"
    await connection.put(b"", path)
    await connection.delete(path)
    log("Connection works, files can be copied")


def _unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


def _filled(content: bytes, placeholders: Mapping[str, str | Secret]) -> bytes:
    """Return a content with its placeholders replaced; secrets are in clear from here on."""
    if not placeholders or b"{{" not in content:
        return content

    def value_of(name: str) -> str | None:
        value = placeholders.get(name)
        clear = value.clear if isinstance(value, Secret) else value
        return _SPECIAL.get(clear, clear) if clear is not None else None

    return replace_placeholders(content.decode(errors="surrogateescape"), value_of).encode(
        errors="surrogateescape"
    )
