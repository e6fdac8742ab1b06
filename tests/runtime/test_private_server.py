"""The functions' client as the environment makes it: own authority, proxy, user and password or token."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime import bootstrap
from runtime.deploy.errors import Untrusted
from tests.runtime.deploy.certificates import context
from tests.runtime.deploy.faulty_server import FaultyServer, Reply

if TYPE_CHECKING:
    from runtime.deploy.client import DeployClient

PARAMETER = "/trust/internal-ca"


@dataclass
class HeldSecrets:
    """What the functions read: the account, and the certificates to trust."""

    account: dict[str, str]
    authority: str

    def fields(self, secret_id: str, *, fresh: bool = False) -> dict[str, str]:
        del fresh
        assert secret_id == "deploy/credentials"
        return self.account

    def parameter(self, name: str) -> str:
        assert name == PARAMETER
        return self.authority


@dataclass
class TunnelProxy:
    """An HTTP proxy for TLS: it connects to where it is told, and sees nothing but encrypted bytes."""

    server: socket.socket
    asked: list[str] = field(default_factory=list)
    passed: list[bytes] = field(default_factory=list)
    client: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.getsockname()[1]}"

    def run(self) -> None:
        try:
            client, _ = self.server.accept()
        except OSError:
            return
        with client:
            self.client = client
            method, place, *_ = client.recv(65536).decode().split()
            self.asked.append(f"{method} {place}")
            host, _, port = place.rpartition(":")
            with socket.create_connection((host, int(port))) as target:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pass_on, args=(target, client, []))
                back.start()
                _pass_on(client, target, self.passed)
                back.join()


def _pass_on(source: socket.socket, target: socket.socket, seen: list[bytes]) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            seen.append(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def tunnel_proxy() -> Iterator[TunnelProxy]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = TunnelProxy(server)
        thread = threading.Thread(target=proxy.run)
        thread.start()
        try:
            yield proxy
        finally:
            # The client keeps its connection, as a function does.
            (proxy.client or server).shutdown(socket.SHUT_RDWR)
            thread.join()


def client(monkeypatch: pytest.MonkeyPatch, held: HeldSecrets, **variables: str) -> DeployClient:
    """Return the client that the functions make of their environment; the standard variables lead nowhere."""
    astray = {"HTTPS_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1", "NO_PROXY": "*"}
    for name, value in {"DEPLOY_CREDENTIALS": "deploy/credentials", **astray, **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(bootstrap, "secrets", lambda: held)
    made: DeployClient = bootstrap.deploy.__wrapped__()
    return made


@pytest.mark.parametrize(
    ("account", "sent"),
    [
        ({"username": "amy", "password": "word-1"}, "amy:word-1"),
        ({"username": "amy", "password": "word-1", "token": ""}, "amy:word-1"),
        ({"token": "pat-1"}, ":pat-1"),
    ],
    ids=["user and password", "an empty token", "personal access token"],
)
def test_the_proxy_is_told_the_way_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, account: dict[str, str], sent: str
) -> None:
    tls, authority = context(tmp_path)
    held = HeldSecrets(account, Path(authority).read_text())
    with FaultyServer(Reply(body="[]"), tls=tls) as server, tunnel_proxy() as proxy:
        variables = {"DEPLOY_URL": server.url, "DEPLOY_PROXY": proxy.url, "DEPLOY_CA_BUNDLE": PARAMETER}
        deploy = client(monkeypatch, held, **variables)
        assert deploy.repository.query(parent="Infrastructure") == []
    assert proxy.asked == [f"CONNECT {server.url.removeprefix('https://')}"]
    (seen,) = server.seen
    basic = base64.b64encode(sent.encode()).decode()
    assert seen.headers["Authorization"] == f"Basic {basic}"
    assert basic.encode() not in b"".join(proxy.passed)


def test_without_a_proxy_of_ours_the_way_is_direct(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Lambda's own variables for a proxy are for AWS, if anybody sets them."""
    tls, authority = context(tmp_path)
    held = HeldSecrets({"token": "pat-1"}, Path(authority).read_text())
    with FaultyServer(Reply(body="[]"), tls=tls) as server:
        deploy = client(monkeypatch, held, DEPLOY_URL=server.url, DEPLOY_CA_BUNDLE=PARAMETER)
        assert deploy.repository.query(parent="Infrastructure") == []
    assert len(server.seen) == 1


def test_another_authority_is_trusted_without_a_new_container(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls, authority = context(tmp_path)
    (tmp_path / "other").mkdir()
    held = HeldSecrets({"token": "pat-1"}, Path(context(tmp_path / "other")[1]).read_text())
    with FaultyServer(Reply(body="[]"), tls=tls) as server:
        deploy = client(monkeypatch, held, DEPLOY_URL=server.url, DEPLOY_CA_BUNDLE=PARAMETER)
        with pytest.raises(Untrusted):
            deploy.repository.query(parent="Infrastructure")
        held.authority = Path(authority).read_text()
        assert deploy.repository.query(parent="Infrastructure") == []
