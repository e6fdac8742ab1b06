"""One open connection to a host, with what a step does there."""

from __future__ import annotations

import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.remoting.errors import RemotingError
from cdk_app.sandbox.deploy_server.remoting.files import Files, ScpFiles, SftpFiles, StagedFiles
from cdk_app.sandbox.deploy_server.remoting.handshake import Session, ssh_session
from cdk_app.sandbox.deploy_server.remoting.options import ConnectionType
from cdk_app.sandbox.deploy_server.remoting.shell import Shell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from cdk_app.sandbox.deploy_server.remoting.network import Network
    from cdk_app.sandbox.deploy_server.remoting.options import ConnectionOptions
    from cdk_app.sandbox.deploy_server.remoting.shell import CommandResult


class RemoteConnection:
    """A host to run commands and keep files on; made by `open_connection`."""

    def __init__(self, shell: Shell, files: Files) -> None:
        self._shell = shell
        self._files = files

    async def run(self, command: str, env: Mapping[str, str] | None = None) -> CommandResult:
        """Run a command line with the log-in user's shell, elevated as the connection type says.

        Parameters
        ----------
        command
            A line for the host's shell; its standard input is empty.
        env
            Variables the command sees besides the host's own.

        Returns
        -------
        CommandResult
            Whatever the exit status: judging it is the step's business.

        Raises
        ------
        RemotingError
            The connection was lost, or stayed silent for longer than its socket timeout.
        """
        return await self._shell.run(command, env)

    async def put(self, content: bytes, path: str) -> None:
        """Write a file, replacing what it held; its directory must exist.

        Raises
        ------
        RemotingError
            The host refused or the connection was lost.
        """
        await self._files.put(content, path)

    async def delete(self, path: str) -> None:
        """Remove a file, or a directory with all in it; what is absent already is fine.

        Raises
        ------
        RemotingError
            The host refused or the connection was lost.
        """
        await self._files.delete(path)

    async def mkdir(self, path: str) -> None:
        """Create a directory and its parents; one that exists already is fine.

        Raises
        ------
        RemotingError
            The host refused or the connection was lost.
        """
        await self._files.mkdir(path)


@asynccontextmanager
async def open_connection(options: ConnectionOptions, network: Network) -> AsyncIterator[RemoteConnection]:
    """Open a connection to a host, through a connection of its own to each jumpstation.

    Parameters
    ----------
    options
        From `ConnectionOptions.from_ci`.
    network
        Makes the TCP connection to the first hop.

    Raises
    ------
    RemotingError
        A hop cannot be reached or refuses the login.
    """
    async with ssh_session(options, network) as session:
        shell = Shell(session, options)
        files = _files(session, options, shell)
        try:
            yield RemoteConnection(shell, files)
        finally:
            # As in Overthere, what cannot be cleaned up does not fail the step.
            with contextlib.suppress(RemotingError):
                await files.close()


def _files(session: Session, options: ConnectionOptions, shell: Shell) -> Files:
    match options.connection_type:
        case ConnectionType.SFTP:
            return SftpFiles(session)
        case ConnectionType.SCP:
            return ScpFiles(session, options, shell)
        case ConnectionType.SU | ConnectionType.SUDO | ConnectionType.INTERACTIVE_SUDO:
            return StagedFiles(session, options, shell)
        case None:
            raise RemotingError(f"{session.name} is a tunnel: it runs no command and holds no file")
