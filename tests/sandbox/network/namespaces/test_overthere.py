"""The vendor's own connection library, Overthere, with the CIs that seeder and reconciler write.

5.3.2 is the newest on Maven Central. Its SSH library, sshj 0.27, signs with RSA keys by SHA-1 only, which
OpenSSH refuses since 8.8: so the bastion refuses the RSA key of an old Deploy server. That the forms of RSA
keys are read is shown where sshd accepts such signatures.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh
import pytest

from cdk_app.sandbox.deploy_server.remoting import ConnectionOptions, RemotingError, Timeouts, open_connection
from cdk_app.sandbox.network.namespaces import HOST_SET_UP, Machine, NamespaceNetwork
from tests.java.maven import java_command, run
from tests.sandbox.network.namespaces import written

if TYPE_CHECKING:
    from tests.sandbox.network.namespaces.conftest import Site

POM = Path(__file__).resolve().parents[3] / "java" / "overthere" / "pom.xml"
PARALLEL = 15
PASSPHRASE = "sesame"
RSA_FORMS = ("pkcs1-pem", "openssh")
# Overthere writes these itself in front of its texts; the stand-in's texts begin with what follows.
JAVA_CLASSES = r"^(Runtime|IllegalArgument|IllegalState|IO|Socket|SocketTimeout|Connect)(IO)?Exception: "


@dataclass(frozen=True)
class Connection:
    """What the driver is asked for; the owner is who the file belongs to afterwards."""

    host: Mapping[str, Any] = field(repr=False)
    jumpstation: Mapping[str, Any] | None = field(repr=False)
    path: str = ""
    owner: str = "ec2-user"


def drive(network: NamespaceNetwork, connections: Sequence[Connection]) -> list[str]:
    """Open all connections at once in one JVM on Deploy's side; return what became of each."""
    result = run(
        network.command(*java_command(POM, "OverthereDriver.java")), "".join(map(_block, connections))
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def _block(connection: Connection) -> str:
    """Write one connection in the format of java.util.Properties."""
    asked = {"file": connection.path, "content": connection.path, "command": "id\t-un"}
    for prefix, ci in (("host", connection.host), ("jumpstation", connection.jumpstation or {})):
        # The properties that Deploy hands over under their own names.
        names = ci.keys() - {"id", "type", "jumpstation"}
        asked |= {f"{prefix}.{name}": str(ci[name]) for name in names if ci[name] is not None}
    escapes = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
    return "".join(f"{name}={value.translate(escapes)}\n" for name, value in asked.items()) + "---\n"


def without_key(ci: Mapping[str, Any], **login: str) -> dict[str, Any]:
    return {**{name: value for name, value in ci.items() if name != "privateKey"}, **login}


@pytest.fixture(scope="module")
def files() -> Iterator[Path]:
    """Short, because the machines' mount points are in it."""
    directory = Path(tempfile.mkdtemp(prefix="overthere-"))
    yield directory
    shutil.rmtree(directory)


def accepted(site: Site, files: Path) -> dict[str, Connection]:
    host, jumpstation = site.host(), site.jumpstation()
    key = site.keys["ED25519"]
    file = files / "key"
    file.write_text(site.private_key)
    encrypted = {
        "privateKey": _encrypted(key),
        "passphrase": PASSPHRASE,
    }
    crlf = {"privateKey": site.private_key.replace("\n", "\r\n")}
    found = {
        "as written": Connection(host, jumpstation),
        "IPv6": Connection({**host, "address": site.ipv6_addresses["web1"]}, jumpstation),
        "SCP": Connection(site.host(template="SCP"), jumpstation),
        "key as file": Connection(
            without_key(host, privateKeyFile=str(file)), without_key(jumpstation, privateKeyFile=str(file))
        ),
        "key with passphrase": Connection({**host, **encrypted}, {**jumpstation, **encrypted}),
        "key with CRLF": Connection({**host, **crlf}, {**jumpstation, **crlf}),
    }
    if site.network.is_root:
        sudo = {
            name: Connection(site.host(template=name), jumpstation, owner="appuser")
            for name in ("SUDO", "INTERACTIVE_SUDO", written.WITH_PASSWORD)
        }
        found |= {
            **sudo,
            "SUDO to root": Connection(site.host(template="SUDO to root"), jumpstation, owner="root"),
            "SU": Connection(site.su_host(), jumpstation, owner="appuser"),
        }
    found |= {f"parallel {number}": Connection(host, jumpstation) for number in range(PARALLEL)}
    return {
        name: Connection(asked.host, asked.jumpstation, f"/tmp/overthere-{number}", asked.owner)  # noqa: S108 - on the host
        for number, (name, asked) in enumerate(found.items())
    }


def refused(site: Site) -> dict[str, Connection]:
    host, jumpstation = site.host(), site.jumpstation()
    key = site.keys["ED25519"]
    damaged = {"privateKey": site.keys["RSA"].export_private_key("pkcs1-pem").decode().replace("\n", " ")}
    encrypted = {"privateKey": _encrypted(key)}
    pkcs8 = {"privateKey": key.export_private_key("pkcs8-pem").decode()}
    other = {"privateKey": written.jumpstation(new_key())["privateKey"]}
    found = {
        "no jumpstation": (host, None),
        "a machine outside the subnets": (site.host("other"), jumpstation),
        "nobody listens": ({**host, "port": "2"}, jumpstation),
        "nobody listens, directly": ({**host, "address": site.network.bastion_address, "port": "2"}, None),
        "no such name": ({**host, "address": "no-such.invalid"}, None),
        "wrong user": ({**host, "username": "nobody1"}, jumpstation),
        "wrong user at the bastion": (host, {**jumpstation, "username": "ec2-user"}),
        "wrong key": ({**host, **other}, jumpstation),
        "wrong key at the bastion": (host, {**jumpstation, **other}),
        "no login": (without_key(host), jumpstation),
        # Without a jumpstation: closing a forward that has hardly begun, the library may fail by itself.
        "no connectionType": ({**host, "connectionType": None}, None),
        "no os": ({**host, "os": None}, None),
        "no username": ({**host, "username": None}, None),
        "connectionType in small letters": ({**host, "connectionType": "sftp"}, None),
        "no key file": (without_key(host, privateKeyFile="/nonexistent"), jumpstation),
        "ED25519 in PKCS#8": ({**host, **pkcs8}, jumpstation),
        "a damaged key": ({**host, **damaged}, jumpstation),
        "no passphrase": ({**host, **encrypted}, jumpstation),
        "wrong passphrase": ({**host, **encrypted, "passphrase": "wrong"}, jumpstation),
        "no directory": (host, jumpstation),
    }
    return {name: Connection(*cis, path="/nonexistent/file") for name, cis in found.items()}


def too_old(site: Site) -> dict[str, Connection]:
    keys = {form: {"privateKey": site.keys["RSA"].export_private_key(form).decode()} for form in RSA_FORMS}
    return {
        form: Connection({**site.host(), **key}, {**site.jumpstation(), **key}) for form, key in keys.items()
    }


def _encrypted(key: asyncssh.SSHKey) -> str:
    # Few rounds: OpenSSH's usual number takes Java seconds.
    return key.export_private_key("openssh", passphrase=PASSPHRASE, rounds=50).decode()


def new_key() -> str:
    return asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh").decode()


@dataclass(frozen=True)
class Outcomes:
    accepted: dict[str, Connection]
    refused: dict[str, Connection]
    lines: dict[str, str]


@pytest.fixture(scope="module")
def outcomes(site: Site, files: Path) -> Outcomes:
    """One JVM does everything at the same time."""
    good, bad, old = accepted(site, files), refused(site), too_old(site)
    everything = good | bad | old
    lines = drive(site.network, list(everything.values()))
    return Outcomes(good, bad, dict(zip(everything, lines, strict=True)))


def test_every_connection_type_and_key_form_copies_and_runs(site: Site, outcomes: Outcomes) -> None:
    for name, asked in outcomes.accepted.items():
        kind, *rest = outcomes.lines[name].split("\t")
        assert kind == "ok", f"{name}: {outcomes.lines[name]}"
        status, output = rest
        assert (status, output.split()[-1]) == ("0", asked.owner), name
        left = site.network.run_on("web1", f"stat -c %U {asked.path}; cat {asked.path}").split()
        assert left == [asked.owner, asked.path], name
        assert site.network.run_on("web2", f"ls {asked.path} 2>/dev/null || echo absent").strip() == "absent"


def test_the_stand_in_says_what_overthere_says(site: Site, outcomes: Outcomes) -> None:
    """Up to what the versions of its SSH library call the reason a key cannot be read."""
    told: dict[str, list[str]] = {}
    for name, asked in outcomes.refused.items():
        kind, text = outcomes.lines[name].split("\t", 1)
        assert kind == "error", name
        theirs = [re.sub(JAVA_CLASSES, "", part) for part in _parts(text)]
        ours = _parts(_stand_in(site, asked))
        if any(not their.startswith(our) for their, our in zip(theirs, ours[:3], strict=False)):
            told[name] = [*ours, "Overthere:", *theirs]
    assert told == {}


def _parts(text: str) -> list[str]:
    return re.sub(r"localhost:\d+", "localhost:PORT", text).split(" <- ")


def _stand_in(site: Site, asked: Connection) -> str:
    host = {**asked.host, "jumpstation": "bastion" if asked.jumpstation else None}

    async def attempt() -> None:
        options = ConnectionOptions.from_ci(host, lambda _: asked.jumpstation or {}, Timeouts(60, 60))
        async with open_connection(options, site.network) as connection:
            await connection.put(b"", asked.path)

    with pytest.raises(RemotingError) as raised:
        asyncio.run(attempt())
    return str(raised.value)


def test_rsa_keys_meet_an_sshd_that_wants_newer_signatures(site: Site, outcomes: Outcomes) -> None:
    refusal = "UserAuthException: Exhausted available authentication methods"
    assert {outcomes.lines[name].split(" <- ")[-1] for name in RSA_FORMS} == {refusal}
    assert "ssh-rsa" in site.network.log_of("bastion"), "sshd names the algorithm that it does not accept"


def test_rsa_keys_work_where_such_signatures_do(files: Path) -> None:
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    accepting = "\necho 'PubkeyAcceptedAlgorithms +ssh-rsa' >/etc/ssh/sshd_config.d/99-sha1.conf\n"
    pkcs1, openssh = (key.export_private_key(form).decode() for form in ("pkcs1-pem", "openssh"))
    texts = [pkcs1, pkcs1.replace("\n", "\r\n"), pkcs1.rstrip("\n"), openssh]
    interface = written.subnets(public=False)[0].replace(".0/", ".11/")
    address = interface.split("/")[0]
    with NamespaceNetwork(
        files / "sha1",
        public_key=key.export_public_key().decode(),
        bastion_set_up=written.bastion_user_data() + accepting,
        machines=[Machine("web1", interface, HOST_SET_UP + accepting)],
    ) as network:
        connections = [
            Connection(written.host(text, address), written.jumpstation(text), f"/tmp/rsa-{number}")  # noqa: S108 - on the host
            for number, text in enumerate(texts)
        ]
        assert drive(network, connections) == ["ok\t0\tec2-user"] * len(texts)
