"""The vendor's own connection library, Overthere, with the CI of a Windows host.

There is no Windows to connect to: shown is what it takes and what it sends, not what Windows answers.
"""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cdk_app import HostTemplate
from tests.cdk_app.winrm import PASSWORD, host
from tests.java.maven import java_command, run

POM = Path(__file__).resolve().parents[1] / "java" / "overthere" / "pom.xml"
TLS_HANDSHAKE = 0x16


@dataclass
class Listener:
    """A port that notes how each conversation begins and ends it; if it is HTTP, by asking for a login."""

    server: socket.socket
    heard: list[bytes] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.server.getsockname()[1])

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection:
                self.heard.append(connection.recv(65536))
                if self.heard[-1].startswith(b"POST "):
                    connection.sendall(
                        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=WSMAN\r\n"
                        b"Content-Length: 0\r\nConnection: close\r\n\r\n"
                    )


@contextmanager
def listening() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        listener = Listener(server)
        thread = threading.Thread(target=listener.run)
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@dataclass(frozen=True)
class Outcomes:
    """What the listeners heard, and what the library said, of each host in turn."""

    heard: Mapping[str, tuple[list[bytes], list[bytes]]]
    said: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    """One JVM takes all hosts, one after the other."""
    command = java_command(POM, "WinRmDriver.java")
    hosts = {
        "https": host(HostTemplate.winrm()),
        "http": host(HostTemplate.winrm(https=False)),
        "no connectionType": {**host(HostTemplate.winrm()), "connectionType": None},
    }
    heard: dict[str, tuple[list[bytes], list[bytes]]] = {}
    blocks = []
    with ExitStack() as stack:
        for name, ci in hosts.items():
            smb, winrm = (stack.enter_context(listening()) for _ in range(2))
            heard[name] = (smb.heard, winrm.heard)
            blocks.append(_block({**ci, "smbPort": smb.port, "port": winrm.port}))
        result = run(command, "".join(blocks))
    assert result.returncode == 0, result.stderr
    lines = iter(result.stdout.splitlines())
    return Outcomes(heard, {name: [next(lines), next(lines)] for name in hosts})


def _block(ci: Mapping[str, object]) -> str:
    """Write the properties that Deploy hands over under their own names."""
    given = {name: value for name, value in ci.items() if name not in {"id", "type"} and value is not None}
    text = {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}
    return "".join(f"{name}={value}\n" for name, value in text.items()) + "---\n"


def test_it_takes_exactly_these_properties(outcomes: Outcomes) -> None:
    """It speaks SMB to one port, and WinRM to the other as that user."""
    smb, winrm = outcomes.heard["http"]
    assert smb[0][4:8] in (b"\xffSMB", b"\xfeSMB")
    first, second = (each.decode() for each in winrm)
    assert first.startswith("POST /wsman HTTP/1.1\r\n")
    login = base64.b64encode(f"Administrator:{PASSWORD}".encode()).decode()
    assert login not in first
    assert f"Authorization: Basic {login}\r\n" in second


def test_it_encrypts_winrm_unless_told_otherwise(outcomes: Outcomes) -> None:
    smb, winrm = outcomes.heard["https"]
    assert smb[0][4:8] in (b"\xffSMB", b"\xfeSMB")
    assert {each[0] for each in winrm} == {TLS_HANDSHAKE}


def test_it_misses_what_is_left_out(outcomes: Outcomes) -> None:
    smb_said, _ = outcomes.said["no connectionType"]
    assert smb_said.startswith(
        "IllegalArgumentException: No value specified for required connection option connectionType"
    )
    assert outcomes.heard["no connectionType"] == ([], [])
