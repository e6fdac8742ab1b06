"""Files on a host: over SFTP, over SCP, or staged by the log-in user and copied by another."""

from __future__ import annotations

import posixpath
import shlex
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import asyncssh

from cdk_app.sandbox.deploy_server.remoting.errors import RemotingError

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.remoting.handshake import Session
    from cdk_app.sandbox.deploy_server.remoting.options import ConnectionOptions
    from cdk_app.sandbox.deploy_server.remoting.shell import CommandResult, Shell


class Files(Protocol):
    """The file operations that steps use; each raises `RemotingError` when the host refuses."""

    async def put(self, content: bytes, path: str) -> None:
        """Write a file, replacing what it held."""
        ...

    async def delete(self, path: str) -> None:
        """Remove a file, or a directory with all in it; what is absent already is fine."""
        ...

    async def mkdir(self, path: str) -> None:
        """Create a directory and its parents; one that exists already is fine."""
        ...

    async def close(self) -> None:
        """Remove what only the connection needed."""
        ...


class SftpFiles:
    """Files through the SFTP subsystem."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._client: asyncssh.SFTPClient | None = None

    async def put(self, content: bytes, path: str) -> None:
        """See `Files.put`."""
        try:
            async with (await self._sftp()).open(path, "wb") as file:
                await file.write(content)
        except (asyncssh.Error, OSError) as error:
            raise self._failure("write to", path, error) from error

    async def delete(self, path: str) -> None:
        """See `Files.delete`."""
        try:
            sftp = await self._sftp()
            if await sftp.isdir(path) and not await sftp.islink(path):
                await sftp.rmtree(path)
            else:
                await sftp.remove(path)
        except asyncssh.SFTPNoSuchFile:
            return
        except (asyncssh.Error, OSError) as error:
            raise self._failure("delete", path, error) from error

    async def mkdir(self, path: str) -> None:
        """See `Files.mkdir`."""
        try:
            await (await self._sftp()).makedirs(path, exist_ok=True)
        except (asyncssh.Error, OSError) as error:
            raise self._failure("create directories", path, error) from error

    async def close(self) -> None:
        """See `Files.close`."""
        if self._client is not None:
            self._client.exit()

    async def _sftp(self) -> asyncssh.SFTPClient:
        if self._client is None:
            self._client = await self._session.connection.start_sftp_client()
        return self._client

    def _failure(self, doing: str, path: str, error: Exception) -> RemotingError:
        return RemotingError(f"Cannot {doing} {self._session.name}{path} <- SFTPException: {error}")


class ScpFiles:
    """Files through the ``scp`` program of the host, everything else by commands."""

    def __init__(self, session: Session, options: ConnectionOptions, shell: Shell) -> None:
        self._session = session
        self._options = options
        self._shell = shell

    async def put(self, content: bytes, path: str) -> None:
        """See `Files.put`."""
        with tempfile.TemporaryDirectory(prefix="upload-") as directory:
            local = Path(directory, posixpath.basename(path))
            local.write_bytes(content)
            local.chmod(0o644)
            try:
                await asyncssh.scp(local, (self._session.connection, path))
            except (asyncssh.Error, OSError) as error:
                raise RemotingError(f"Cannot upload to {self._session.name}{path} <- {error}") from error

    async def delete(self, path: str) -> None:
        """See `Files.delete`."""
        await self._command(f"rm -rf {shlex.quote(path)}", f"Cannot delete {self._session.name}{path}")

    async def mkdir(self, path: str) -> None:
        """See `Files.mkdir`."""
        failure = f"Cannot create directory or -ies {self._session.name}{path}"
        await self._command(f"mkdir -p {shlex.quote(path)}", failure)

    async def close(self) -> None:
        """See `Files.close`."""

    async def _command(self, line: str, failure: str, *, elevated: bool = True) -> None:
        result: CommandResult = await self._shell.run(line, elevated=elevated)
        if result.exit_status != 0:
            said = (result.stderr or result.stdout).strip()
            raise RemotingError(f"{failure}: {said} (errno={result.exit_status})")


class StagedFiles(ScpFiles):
    """Files that belong to another user than the one who logs in.

    The log-in user uploads to a directory of its own, makes the upload readable, and the other user copies
    it: so the file is owned by the latter.
    """

    def __init__(self, session: Session, options: ConnectionOptions, shell: Shell) -> None:
        super().__init__(session, options, shell)
        self._holder: str | None = None

    async def put(self, content: bytes, path: str) -> None:
        """See `Files.put`."""
        staged = posixpath.join(await self._staging_directory(), posixpath.basename(path))
        await super().put(content, staged)
        readable = f"Cannot set permissions on file {self._session.name}{staged} to go+rX"
        await self._command(f"chmod -R go+rX {shlex.quote(staged)}", readable, elevated=False)
        failure = f"Cannot copy temporary file {staged} to actual file {path} after upload"
        await self._command(f"cp -r {shlex.quote(staged)} {shlex.quote(path)}", failure)

    async def close(self) -> None:
        """See `Files.close`."""
        if self._holder and self._options.delete_temporary_files:
            line = f"rm -rf {shlex.quote(self._holder)}"
            await self._command(line, f"Cannot delete {self._session.name}{self._holder}", elevated=False)

    async def _staging_directory(self) -> str:
        if self._holder is None:
            holder = posixpath.join(self._options.temporary_directory, f"ot-{uuid.uuid4().hex}")
            failure = f"Cannot create directory or -ies {self._session.name}{holder}"
            await self._command(f"mkdir -m 1777 {shlex.quote(holder)}", failure, elevated=False)
            self._holder = holder
        return self._holder
