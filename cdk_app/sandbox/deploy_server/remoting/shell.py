"""Run commands on a host, as the log-in user or as another one."""

from __future__ import annotations

import asyncio
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncssh

from cdk_app.sandbox.deploy_server.remoting.errors import RemotingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_app.sandbox.deploy_server.remoting.handshake import Session
    from cdk_app.sandbox.deploy_server.remoting.options import ConnectionOptions, Elevation

_CHUNK = 32768
_NO_EXIT_STATUS = -1


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command left behind.

    Parameters
    ----------
    exit_status
        As the host reported it; -1 when a signal ended the command, as in Overthere.
    stdout, stderr
        All output, decoded as UTF-8; everything is in ``stdout`` when the connection type needs a terminal.
    """

    exit_status: int
    stdout: str
    stderr: str


def command_line(command: str, environment: Mapping[str, str], elevation: Elevation | None) -> str:
    """Compose what the log-in user's shell gets to run.

    An unquoted elevation such as SUDO's becomes a prefix of the line: in ``a && b`` only ``a`` is elevated,
    here as in Overthere. Variables are part of the line, since sshd accepts none that its configuration does
    not name.

    >>> command_line("id -un", {"A": "b c"}, None)
    "export A='b c'; id -un"
    >>> command_line("id -un", {}, Elevation("app", prefix="sudo -u {0}", quote=False))
    'sudo -u app id -un'
    """
    assignments = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
    if elevation is None:
        return f"export {assignments}; {command}" if assignments else command
    prefix = elevation.prefix.replace("{0}", shlex.quote(elevation.username))
    if elevation.quote:
        return f"{prefix} {shlex.quote(command_line(command, environment, None))}"
    return f"{prefix} env {assignments} {command}" if assignments else f"{prefix} {command}"


class Shell:
    """Commands over one SSH connection.

    Parameters
    ----------
    session
        The connection.
    options
        Whose elevation and socket timeout apply.
    """

    def __init__(self, session: Session, options: ConnectionOptions) -> None:
        self._session = session
        self._options = options

    async def run(
        self, command: str, environment: Mapping[str, str] | None = None, *, elevated: bool = True
    ) -> CommandResult:
        """Run a command to its end; its standard input is empty.

        Parameters
        ----------
        command
            A line for the host's shell.
        environment
            Variables the command sees.
        elevated
            Whether it runs as the elevation's user, where the connection type has one.

        Raises
        ------
        RemotingError
            The connection was lost, or stayed silent for longer than its socket timeout.
        """
        elevation = self._options.elevation if elevated else None
        line = command_line(command, environment or {}, elevation)
        terminal: dict[str, Any] = {}
        if self._options.elevation and self._options.elevation.prompt:
            terminal = {"term_type": "vt220", "term_size": (80, 24, 0, 0)}
        try:
            async with self._session.connection.create_process(line, **terminal) as process:
                if not terminal:
                    process.stdin.write_eof()
                return await self._collect(process, elevation)
        except (asyncssh.Error, OSError) as error:
            raise RemotingError(
                f"Cannot execute command on {self._session.name} <- {_cause(error)}"
            ) from error

    async def _collect(
        self, process: asyncssh.SSHClientProcess[str], elevation: Elevation | None
    ) -> CommandResult:
        patience = self._options.timeouts.socket
        loop = asyncio.get_running_loop()

        async def read(stream: asyncssh.SSHReader[str], dialogue: _PasswordDialogue | None = None) -> str:
            pieces: list[str] = []
            while piece := await stream.read(_CHUNK):
                if patience:
                    silence.reschedule(loop.time() + patience)
                pieces.append(piece)
                if dialogue and (answer := dialogue.answer(piece)):
                    process.stdin.write(answer)
            return "".join(pieces)

        dialogue = _PasswordDialogue(elevation) if elevation and elevation.prompt else None
        try:
            async with asyncio.timeout(patience or None) as silence:
                stdout, stderr = await asyncio.gather(read(process.stdout, dialogue), read(process.stderr))
                await process.wait_closed()
        except TimeoutError:
            raise RemotingError(f"Cannot execute command on {self._session.name} <- Read timed out") from None
        if dialogue:
            stdout = dialogue.without_password(stdout)
        status = process.exit_status
        return CommandResult(_NO_EXIT_STATUS if status is None or status < 0 else status, stdout, stderr)


class _PasswordDialogue:
    """Answers a password prompt at the start of a command that runs on a terminal."""

    def __init__(self, elevation: Elevation) -> None:
        self._prompt = re.compile(elevation.prompt or "")
        self._password = elevation.password or ""
        self._line = ""

    def answer(self, piece: str) -> str | None:
        self._line = (self._line + piece).rsplit("\n", 1)[-1]
        # A prompt ends in a colon and a blank or two, after which nothing comes before the answer.
        if not self._prompt.fullmatch(self._line.rstrip(" ")):
            return None
        self._line = ""
        return f"{self._password}\n"

    def without_password(self, output: str) -> str:
        output = output.replace("\r\n", "\n")
        return output.replace(self._password, "") if self._password else output


def _cause(error: Exception) -> str:
    return str(error) or type(error).__name__
