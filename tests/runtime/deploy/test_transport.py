"""What the client makes of a server that is slow, rude, restarting or not there."""

from __future__ import annotations

import base64
import json
import socket
from typing import TYPE_CHECKING

import pytest

from runtime.deploy.errors import (
    Forbidden,
    Missing,
    Refused,
    Unauthorized,
    Unavailable,
    Unlicensed,
    Unreachable,
    Untrusted,
)
from runtime.deploy.transport import Credentials, Transport, base_url
from runtime.reconciliation.errors import Fatal, Retry, ending_of
from tests.runtime.deploy.answering import answering
from tests.runtime.deploy.certificates import context
from tests.runtime.deploy.faulty_server import FaultyServer, Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "pass:wörd-€"


def transport(url: str, timeout: float = 5.0) -> Transport:
    return Transport(url, lambda _fresh: Credentials("amy", SECRET), timeout=(1.0, timeout))


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://d:4516", "https://d:4516/deployit"),
        ("https://d:4516/", "https://d:4516/deployit"),
        ("https://d/deployit", "https://d/deployit"),
        ("https://d/xld/deployit/", "https://d/xld/deployit"),
        ("https://d/xld", "https://d/xld/deployit"),
    ],
)
def test_the_base_url_ends_in_deployit_once(url: str, base: str) -> None:
    assert base_url(url) == base


def test_every_call_asks_for_json_and_says_who_we_are() -> None:
    with FaultyServer(Reply(body="{}")) as server:
        transport(server.url).post("/repository/cis", [])
    (seen,) = server.seen
    assert seen.headers["Accept"] == seen.headers["Content-Type"] == "application/json"
    decoded = base64.b64decode(seen.headers["Authorization"].removeprefix("Basic ")).decode()
    assert decoded == f"amy:{SECRET}"


def test_a_proxy_is_asked_for_the_server() -> None:
    with FaultyServer(Reply(body="{}")) as proxy:
        client = Transport(
            "http://deploy.invalid", lambda _fresh: Credentials("amy", SECRET), proxy=proxy.url
        )
        client.get("/server/info")
    (seen,) = proxy.seen
    assert seen.path == "http://deploy.invalid/deployit/server/info"


def test_one_connection_serves_many_calls() -> None:
    with FaultyServer(Reply(body="{}")) as server:
        client = transport(server.url)
        for _ in range(5):
            client.get("/server/info")
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, Unauthorized),
        (402, Unlicensed),
        (403, Forbidden),
        (404, Missing),
        (409, Refused),
        (500, Refused),
        (503, Unavailable),
    ],
)
def test_errors_come_by_kind_with_method_path_status_and_words(status: int, kind: type[Exception]) -> None:
    text = "You can&#39;t,\n <b>because</b> &#34;no&#34;"
    with FaultyServer(Reply(status, text, "text/plain")) as server, pytest.raises(kind) as caught:
        transport(server.url).post("/tasks/v2/1/start")
    assert str(caught.value) == f'POST /tasks/v2/1/start: {status} You can\'t, because "no"'


def test_the_words_of_a_json_error_are_taken_out_of_it() -> None:
    body = json.dumps({"message": "wrong state"})
    with FaultyServer(Reply(400, body)) as server, pytest.raises(Refused, match=r"400 wrong state$"):
        transport(server.url).post("/x")


def test_a_missing_id_is_told_by_its_words_whatever_the_status() -> None:
    body = "Repository entity [Environments/x] not found"
    with FaultyServer(Reply(500, body, "text/plain")) as server, pytest.raises(Missing):
        transport(server.url).post("/x")


def test_no_secret_gets_into_an_error() -> None:
    key = "-----BEGIN KEY-----\nAAAAsecretline\n-----END KEY-----"
    header = base64.b64encode(f"amy:{SECRET}".encode()).decode()
    body = f"property password: {SECRET}; key AAAAsecretline; Basic {header}; old {{b64}}c2VjcmV0=="
    with FaultyServer(Reply(400, body, "text/plain")) as server:
        client = transport(server.url)
        client.protect(key)
        with pytest.raises(Refused) as caught:
            client.post("/x")
    assert str(caught.value) == ("POST /x: 400 property password: ***; key ***; Basic ***; old ***")
    assert SECRET not in repr(Credentials("amy", SECRET))


@pytest.mark.parametrize("trouble", [Reply(503), Reply(429, headers={"Retry-After": "0"}), Reply(cut=True)])
def test_a_read_is_repeated(trouble: Reply) -> None:
    with FaultyServer(trouble, trouble, Reply(body='{"boolean": true}')) as server:
        assert transport(server.url).get("/repository/exists/x") == {"boolean": True}
    assert len(server.seen) == 3


@pytest.mark.parametrize("trouble", [Reply(503), Reply(cut=True)])
@pytest.mark.parametrize(
    "write",
    [
        lambda client: client.post("/deployment", {}),
        lambda client: client.put("/repository/ci/x", {}),
        lambda client: client.delete("/repository/ci/x"),
    ],
)
def test_a_write_is_sent_once(trouble: Reply, write: Callable[[Transport], object]) -> None:
    with FaultyServer(trouble, Reply(body="{}")) as server, pytest.raises((Unavailable, Unreachable)):
        write(transport(server.url))
    assert len(server.seen) == 1


def test_a_write_is_tried_again_when_no_connection_came_about() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreachable, match="Connection refused"):
        transport(f"http://127.0.0.1:{port}").post("/deployment", {})


def test_a_silent_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = transport(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)
        with pytest.raises(Unreachable, match=r"^POST /deployment: no answer timed out$"):
            client.post("/deployment", {})


def test_a_hang_up_in_the_middle_of_tls_may_pass_and_a_refused_certificate_does_not(tmp_path: Path) -> None:
    # As a proxy does whose server is away.
    with answering(b"") as port, pytest.raises(Unreachable, match="hung up during TLS") as hang_up:
        transport(f"https://127.0.0.1:{port}").post("/deployment", {})
    assert isinstance(ending_of(hang_up.value), Retry)
    tls, _ = context(tmp_path)
    with FaultyServer(Reply(), tls=tls) as server, pytest.raises(Untrusted) as refused:
        transport(server.url).post("/deployment", {})
    ending = ending_of(refused.value)
    assert isinstance(ending, Fatal)
    assert str(ending) == (
        "POST /deployment: no answer the certificate is not trusted: self-signed certificate; pass "
        "ca_bundle= to DeployServer, the PEM of the authority that signed it, intermediates included"
    )


def test_rotated_credentials_are_read_after_a_401() -> None:
    asked: list[bool] = []

    def credentials(fresh: bool) -> Credentials:
        asked.append(fresh)
        return Credentials("amy", "new" if any(asked) else "old")

    with FaultyServer(Reply(401), Reply(body="1")) as server:
        assert Transport(server.url, credentials).get("/server/info") == 1
    sent = [base64.b64decode(s.headers["Authorization"][6:]).decode() for s in server.seen]
    assert sent == ["amy:old", "amy:new"]


def test_wrong_credentials_are_not_hammered() -> None:
    with FaultyServer(Reply(401)) as server, pytest.raises(Unauthorized):
        transport(server.url).get("/server/info")
    assert len(server.seen) == 1


def test_a_redirect_is_not_followed() -> None:
    with (
        FaultyServer(Reply(302, headers={"Location": "http://127.0.0.1:1/"})) as server,
        pytest.raises(Refused),
    ):
        transport(server.url).post("/deployment", {})


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        (Reply(204), None),
        (Reply(200, "abc-1", "text/plain"), "abc-1"),
        (Reply(200, '{"string": "abc"}', "text/plain"), {"string": "abc"}),
        (Reply(200, "<boolean>true</boolean>", "application/xml"), "<boolean>true</boolean>"),
    ],
)
def test_answers_in_any_form_are_taken(reply: Reply, value: object) -> None:
    with FaultyServer(reply) as server:
        assert transport(server.url).get("/x") == value


def test_half_an_answer_is_an_error_not_a_traceback_of_the_parser() -> None:
    with FaultyServer(Reply(200, '{"id": ')) as server, pytest.raises(Refused, match="not valid JSON"):
        transport(server.url).get("/x")
