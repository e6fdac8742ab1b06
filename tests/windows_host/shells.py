"""The operations of WinRM's command shell: Create, Command, Send, Receive, Signal, Delete."""

from __future__ import annotations

import base64
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.windows_host.commands import Command
from tests.windows_host.messages import RESOURCE, SHELL, TRANSFER, Fault, Problem, Request, element, response

if TYPE_CHECKING:
    from lxml import etree

_STATE = f"{SHELL}/CommandState"
_END_OF_COMMAND = "terminate"
_INTERRUPTS = {"ctrl_c", "ctrl_break"}


@dataclass
class _Shell:
    environment: Mapping[str, str]
    commands: dict[str, Command] = field(default_factory=dict)


class Shells:
    """The shells of one server, by the ids that clients were given.

    Parameters
    ----------
    home
        Directory that shells begin in: on Windows, the profile of the user.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._shells: dict[str, _Shell] = {}
        self._operations: Mapping[str, Callable[[Request], list[etree._Element]]] = {
            f"{TRANSFER}/Create": self._create,
            f"{TRANSFER}/Delete": self._delete,
            f"{SHELL}/Command": self._command,
            f"{SHELL}/Send": self._send,
            f"{SHELL}/Receive": self._receive,
            f"{SHELL}/Signal": self._signal,
        }

    def answer(self, request: Request) -> bytes:
        """Do what a request asks for; raise a fault if that cannot be."""
        operation = self._operations.get(request.action)
        if operation is None:
            raise Fault(Problem.UNKNOWN_ACTION)
        return response(request, *operation(request))

    def close(self) -> None:
        """End all commands."""
        with self._lock:
            shells, self._shells = self._shells, {}
        for shell in shells.values():
            _end(shell)

    def _create(self, request: Request) -> list[etree._Element]:
        if request.all("rsp:Shell/rsp:WorkingDirectory"):
            raise Fault(Problem.UNSUPPORTED)
        variables = request.all("rsp:Shell/rsp:Environment/rsp:Variable")
        shell_id = _new_id()
        with self._lock:
            self._shells[shell_id] = _Shell({each.get("Name", ""): each.text or "" for each in variables})
        reference = element(
            "a:ReferenceParameters",
            element("w:ResourceURI", RESOURCE),
            element("w:SelectorSet", element("w:Selector", shell_id, Name="ShellId")),
        )
        shell = element("rsp:Shell", element("rsp:ShellId", shell_id))
        return [element("x:ResourceCreated", reference), shell]

    def _delete(self, request: Request) -> list[etree._Element]:
        with self._lock:
            shell = self._shells.pop(request.shell_id, None)
        if shell is None:
            raise Fault(Problem.NO_SUCH_SHELL)
        _end(shell)
        return []

    def _command(self, request: Request) -> list[etree._Element]:
        shell = self._shell(request)
        if request.options.get("WINRS_SKIP_CMD_SHELL", "FALSE").upper() == "TRUE":
            raise Fault(Problem.UNSUPPORTED)
        words = [request.text("rsp:CommandLine/rsp:Command")]
        words += [each.text or "" for each in request.all("rsp:CommandLine/rsp:Arguments")]
        command_id = _new_id()
        shell.commands[command_id] = Command(" ".join(words), self._home, shell.environment)
        return [element("rsp:CommandResponse", element("rsp:CommandId", command_id))]

    def _send(self, request: Request) -> list[etree._Element]:
        path = "rsp:Send/rsp:Stream"
        command = self._started(request, request.attribute(path, "CommandId"))
        (stream,) = request.all(path)
        end = stream.get("End", "false").lower() in {"true", "1"}
        try:
            command.send(base64.b64decode(request.text(path)), end=end)
        except ValueError as error:  # not base64, or after the end
            raise Fault(Problem.MALFORMED) from error
        return [element("rsp:SendResponse")]

    def _receive(self, request: Request) -> list[etree._Element]:
        command_id = request.attribute("rsp:Receive/rsp:DesiredStream", "CommandId")
        output = self._started(request, command_id).receive(request.seconds)
        if output is None:
            raise Fault(Problem.TIMED_OUT)
        streams = [
            element("rsp:Stream", base64.b64encode(data).decode(), Name=name, CommandId=command_id)
            for name, data in output.streams.items()
        ]
        if output.status is None:
            state = element("rsp:CommandState", CommandId=command_id, State=f"{_STATE}/Running")
        else:
            streams += [
                element("rsp:Stream", Name=name, CommandId=command_id, End="true")
                for name in ("stdout", "stderr")
            ]
            status = element("rsp:ExitCode", str(output.status))
            state = element("rsp:CommandState", status, CommandId=command_id, State=f"{_STATE}/Done")
        return [element("rsp:ReceiveResponse", *streams, state)]

    def _signal(self, request: Request) -> list[etree._Element]:
        command_id = request.attribute("rsp:Signal", "CommandId")
        command = self._started(request, command_id)
        code = request.text("rsp:Signal/rsp:Code").rpartition("/signal/")[2].lower()
        if code in _INTERRUPTS:
            command.interrupt()
        elif code == _END_OF_COMMAND:
            del self._shell(request).commands[command_id]
            command.terminate()
        else:
            raise Fault(Problem.MALFORMED)
        return [element("rsp:SignalResponse")]

    def _shell(self, request: Request) -> _Shell:
        with self._lock:
            shell = self._shells.get(request.shell_id)
        if shell is None:
            raise Fault(Problem.NO_SUCH_SHELL)
        return shell

    def _started(self, request: Request, command_id: str) -> Command:
        command = self._shell(request).commands.get(command_id)
        if command is None:
            raise Fault(Problem.NO_SUCH_COMMAND)
        return command


def _end(shell: _Shell) -> None:
    for command in shell.commands.values():
        command.terminate()


def _new_id() -> str:
    return str(uuid.uuid4()).upper()
