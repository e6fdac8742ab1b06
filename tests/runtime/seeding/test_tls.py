"""What is said of a connection by TLS that does not come about, with real connections."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from runtime.deploy.client import DeployClient
from runtime.deploy.transport import Credentials, Transport
from runtime.seeding.errors import SeedError
from runtime.seeding.model import Item, SeedRequest
from runtime.seeding.seeder import Seeder
from tests.runtime.deploy.answering import answering
from tests.runtime.deploy.certificates import context
from tests.runtime.deploy.faulty_server import FaultyServer, Reply
from tests.runtime.twins.aws import TwinSecrets
from tests.runtime.twins.records import TwinRecords

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = SeedRequest("web", (Item("Environments/web", "udm.Environment"),))
DAY = timedelta(days=1)


def reason(url: str, *, verify: bool | str = True) -> str:
    """Return what the seeder says of a server."""
    transport = Transport(
        url, lambda _fresh: Credentials("amy", "secret"), verify=lambda: verify, timeout=(2, 2)
    )
    with pytest.raises(SeedError) as caught:
        Seeder(DeployClient(transport), TwinSecrets(), TwinRecords()).apply(REQUEST)
    return str(caught.value)


def test_an_unknown_authority(tmp_path: Path) -> None:
    tls, _ = context(tmp_path)
    with FaultyServer(Reply(), tls=tls) as server:
        assert reason(server.url) == (
            "Deploy cannot be reached safely (the certificate is not trusted: self-signed certificate): pass "
            "ca_bundle= to DeployServer, the PEM of the authority that signed it, intermediates included"
        )


def test_an_authority_that_is_passed_is_trusted(tmp_path: Path) -> None:
    tls, authority = context(tmp_path)
    with FaultyServer(Reply(402), tls=tls) as server:
        assert "no valid licence" in reason(server.url, verify=authority)


def test_another_name(tmp_path: Path) -> None:
    tls, authority = context(tmp_path, address="192.0.2.1")
    with FaultyServer(Reply(), tls=tls) as server:
        assert reason(server.url, verify=authority) == (
            "Deploy cannot be reached safely (the certificate is not trusted: IP address mismatch, "
            "certificate is not valid for '127.0.0.1'): give deployUrl the name that the certificate is for"
        )


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "text"),
    [
        (
            -2 * DAY,
            -DAY,
            "the certificate is not trusted: certificate has expired): renew the certificate of the Deploy "
            "server",
        ),
        (
            DAY,
            2 * DAY,
            "the certificate is not trusted: certificate is not yet valid): check the clock of the machine "
            "that made the certificate, or wait",
        ),
    ],
    ids=["expired", "not yet valid"],
)
def test_another_time(tmp_path: Path, valid_from: timedelta, valid_to: timedelta, text: str) -> None:
    tls, authority = context(tmp_path, valid_from=valid_from, valid_to=valid_to)
    with FaultyServer(Reply(), tls=tls) as server:
        assert reason(server.url, verify=authority) == f"Deploy cannot be reached safely ({text}"


def test_https_to_a_port_without_tls() -> None:
    with FaultyServer(Reply()) as server:
        text = reason(server.url.replace("http:", "https:"))
    assert text.startswith("Deploy cannot be reached safely (TLS fails: ")
    assert text.endswith(
        "): the port speaks no TLS: give deployUrl the port of https, or begin it with http "
        "(allow_plain_http=True)"
    )


def test_http_to_a_port_with_tls_that_hangs_up(tmp_path: Path) -> None:
    tls, _ = context(tmp_path)
    with FaultyServer(Reply(), tls=tls) as server:
        text = reason(server.url.replace("https:", "http:"))
    assert text.startswith("Deploy cannot be reached (")
    assert "check deployUrl (https or http, host, port)" in text


def test_http_to_a_port_with_tls_that_says_so() -> None:
    with answering(b"\x15\x03\x03\x00\x02\x02\x50") as port:
        url = f"http://127.0.0.1:{port}"
        assert reason(url) == (
            "Deploy cannot be reached safely (the server speaks TLS on this port, and the address says "
            "http): begin deployUrl with https"
        )
