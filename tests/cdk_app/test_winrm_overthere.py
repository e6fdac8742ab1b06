"""The vendor's own connection library, Overthere, with the CIs of Windows hosts.

There is no Windows: files come to a real Samba, and commands to a stand-in of WinRM on the same machine.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_app import HostTemplate
from tests.cdk_app.winrm import PASSWORD, host
from tests.java.maven import java_command, run
from tests.runtime.deploy.certificates import context
from tests.windows_host.samba import samba
from tests.windows_host.trust import trusting
from tests.windows_host.winrm_server import winrm_server

if TYPE_CHECKING:
    from runtime.deploy.items import CI

POM = Path(__file__).resolve().parents[1] / "java" / "overthere" / "pom.xml"
USERNAME = "Administrator"
# Several writes long, with every byte in it.
PACKAGE = bytes(range(256)) * 1000
HASH_IT = "sha256sum {file}"


@dataclass(frozen=True)
class Ports:
    """Where the machine listens; the last two WinRM listeners have wrong certificates."""

    smb: int
    https: int
    http: int
    by_name: int
    untrusted: int
    for_another_address: int


@dataclass(frozen=True)
class Machine:
    """A machine with a user's directory, and what a JVM has to be told to trust it."""

    ports: Ports
    home: Path
    jvm_options: list[str]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    drive = tmp_path_factory.mktemp("drive")
    home = drive / "Users" / USERNAME
    home.mkdir(parents=True)
    right, named, untrusted, other = (
        context(tmp_path_factory.mktemp("certificate"), address=address)
        for address in ("127.0.0.1", "localhost", "127.0.0.1", "127.0.0.2")
    )
    with ExitStack() as stack:

        def winrm(tls: ssl.SSLContext | None = None) -> int:
            server = winrm_server(home, username=USERNAME, password=PASSWORD, tls=tls)
            return stack.enter_context(server)

        ports = Ports(
            smb=stack.enter_context(samba(drive, username=USERNAME, password=PASSWORD)),
            https=winrm(right[0]),
            http=winrm(),
            by_name=winrm(named[0]),
            untrusted=winrm(untrusted[0]),
            for_another_address=winrm(other[0]),
        )
        store = tmp_path_factory.mktemp("trust") / "trusted.p12"
        yield Machine(ports, home, trusting([right[1], named[1], other[1]], store))


def written(template: HostTemplate, ports: Ports, port: int) -> CI:
    """Return the CI of a host, as it is written for a template with the machine's ports."""
    properties = {**template.properties, "port": port, "smbPort": ports.smb}
    return host(replace(template, properties=properties))


@dataclass(frozen=True)
class Attempt:
    """What the library is asked to do with a host: to copy a file there and back, and to run a command."""

    ci: CI
    command: str = HASH_IT


def attempts(ports: Ports) -> dict[str, Attempt]:
    https = written(HostTemplate.winrm(), ports, ports.https)
    http = written(HostTemplate.winrm(https=False), ports, ports.http)
    return {
        "https": Attempt(https),
        "http": Attempt(http),
        "https by name": Attempt({**https, "address": "localhost", "port": ports.by_name}),
        "a command that fails": Attempt(https, "ls absent"),
        "an untrusted certificate": Attempt({**https, "port": ports.untrusted}),
        "a certificate for another address": Attempt({**https, "port": ports.for_another_address}),
        "another password": Attempt({**https, "password": "other"}),
        "no connectionType": Attempt({**https, "connectionType": None}),
    }


@dataclass(frozen=True)
class Outcome:
    """What the library said, and the file on the host and what came back of it, where there is one."""

    said: list[str]
    file: str
    there: bytes | None
    back: bytes | None


@pytest.fixture(scope="module")
def outcomes(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """One JVM takes all hosts at the same time."""
    java, *arguments = java_command(POM, "WinRmDriver.java")
    here = tmp_path_factory.mktemp("here")
    package = here / "package"
    package.write_bytes(PACKAGE)
    asked = attempts(machine.ports)
    files = {name: f"package-{number}.bin" for number, name in enumerate(asked)}
    blocks = [_block(attempt, package, files[name], here / files[name]) for name, attempt in asked.items()]
    result = run([java, *machine.jvm_options, *arguments], "".join(blocks))
    assert result.returncode == 0, result.stderr
    return {
        name: Outcome(
            said.split("\t"), files[name], _content(machine.home / files[name]), _content(here / files[name])
        )
        for name, said in zip(asked, result.stdout.splitlines(), strict=True)
    }


def _block(attempt: Attempt, package: Path, file: str, back: Path) -> str:
    """Write one attempt in the format of java.util.Properties."""
    asked = {
        "here": str(package),
        "there": rf"C:\Users\{USERNAME}\{file}",
        "back": str(back),
        "command": attempt.command.format(file=file).replace(" ", "\t"),
    }
    # The properties that Deploy hands over under their own names.
    given = {name: value for name, value in attempt.ci.items() if name not in {"id", "type"}}
    for name, value in given.items():
        if value is not None:
            asked[f"host.{name}"] = str(value).lower() if isinstance(value, bool) else str(value)
    escapes = str.maketrans({"\\": r"\\", "\t": r"\t"})
    return "".join(f"{name}={value.translate(escapes)}\n" for name, value in asked.items()) + "---\n"


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


@pytest.mark.parametrize("name", ["https", "http", "https by name"])
def test_it_copies_a_file_and_runs_a_command(outcomes: Mapping[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    digest = hashlib.sha256(PACKAGE).hexdigest()
    assert outcome.said == ["ok", "0", f"{digest}  {outcome.file}", ""]
    assert outcome.there == outcome.back == PACKAGE


def test_it_tells_of_a_command_that_fails(outcomes: Mapping[str, Outcome]) -> None:
    kind, status, output, errors = outcomes["a command that fails"].said
    assert (kind, status, output) == ("ok", "2", "")
    assert "absent" in errors


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("an untrusted certificate", "SSLHandshakeException"),
        (
            "a certificate for another address",
            "SSLPeerUnverifiedException: Host name '127.0.0.1' does not match",
        ),
    ],
)
def test_it_runs_nothing_where_the_certificate_is_another(
    outcomes: Mapping[str, Outcome], name: str, reason: str
) -> None:
    outcome = outcomes[name]
    assert outcome.said[0] == "error"
    assert reason in outcome.said[1]
    assert outcome.back == PACKAGE, "files do not come by WinRM"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("another password", "STATUS_LOGON_FAILURE"),
        ("no connectionType", "No value specified for required connection option connectionType"),
    ],
)
def test_it_misses_what_is_wrong_or_left_out(outcomes: Mapping[str, Outcome], name: str, reason: str) -> None:
    outcome = outcomes[name]
    assert outcome.said[0] == "error"
    assert reason in outcome.said[1]
    assert (outcome.there, outcome.back) == (None, None)
