"""TLS of the plugin: verified always, by own authorities if given; no answer in time is a later look."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_app.sandbox.deploy_server.extension import Scripts


def certificate(address: str) -> tuple[bytes, bytes]:
    """A self-signed certificate for an address and its key, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, address)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


@dataclass(frozen=True, slots=True)
class TlsServer:
    url: str
    pem: str


@pytest.fixture(scope="module", params=["127.0.0.1", "127.0.0.2"], ids=["right name", "wrong name"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    directory: Path = tmp_path_factory.mktemp("tls")
    pem, key = certificate(request.param)
    (directory / "cert.pem").write_bytes(pem)
    (directory / "key.pem").write_bytes(key)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(409)
            self.end_headers()
            self.wfile.write(b"got " + body)

        def log_message(self, *_: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield TlsServer(f"https://127.0.0.1:{listener.server_address[1]}/", pem.decode())
    listener.shutdown()
    listener.server_close()


def send(scripts: Scripts, url: str, certificates: str | None = None, seconds: float = 10) -> dict[str, Any]:
    endpoint = scripts.find("POST", "/send")
    assert endpoint
    entity = {"url": url, "certificates": certificates, "seconds": seconds, "body": "é"}
    answer = scripts.run(endpoint, entity, {}, lambda *_: None).result(20)
    assert answer.exception is None, answer.exception
    assert isinstance(answer.entity, dict)
    return answer.entity


def test_an_own_authority_is_trusted_for_the_names_it_signed(
    scripts: Scripts, server: TlsServer, request: pytest.FixtureRequest
) -> None:
    answer = send(scripts, server.url, server.pem)
    if "wrong name" in request.node.name:
        assert answer["refused"] == 422
    else:
        assert answer == {"status": 409, "text": "got é"}


def test_an_unknown_authority_is_not_trusted(scripts: Scripts, server: TlsServer) -> None:
    answer = send(scripts, server.url)
    assert answer["refused"] == 422
    assert "see the certificates of the deploy.server" in answer["reason"]


def test_certificates_that_are_none_are_refused(scripts: Scripts) -> None:
    answer = send(scripts, "https://127.0.0.1:1/", "no certificate")
    assert answer == {
        "refused": 422,
        "reason": "certificates of the deploy.server: expected certificates in PEM",
    }


def test_nobody_there_is_a_later_look(scripts: Scripts) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert send(scripts, f"http://127.0.0.1:{port}/") == {
            "look again": f"no answer to POST 127.0.0.1:{port}: ConnectException"
        }


def test_a_silent_server_is_given_up_in_time(scripts: Scripts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert send(scripts, f"http://127.0.0.1:{port}/", seconds=0.5) == {
            "look again": f"no answer to POST 127.0.0.1:{port}: HttpTimeoutException"
        }


def test_a_hang_up_in_the_middle_of_tls_is_a_later_look(scripts: Scripts) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener.accept()[0] as connection:
            connection.recv(65536)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        port = listener.getsockname()[1]
        answer = send(scripts, f"https://127.0.0.1:{port}/")
    thread.join()
    assert answer == {"look again": f"no answer to POST 127.0.0.1:{port}: SSLHandshakeException"}


def test_without_time_nothing_is_sent(scripts: Scripts) -> None:
    assert send(scripts, "http://127.0.0.1:1/", seconds=0.1)["look again"].startswith("no time left")
