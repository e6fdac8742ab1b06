"""No secret is in what the seeder says, however the server quotes what it was sent."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.deploy.client import DeployClient
from runtime.deploy.errors import one_line
from runtime.deploy.transport import Credentials, Transport
from runtime.seeding.errors import SeedError
from runtime.seeding.model import Item, SeedRequest
from runtime.seeding.seeder import Seeder
from tests.runtime.deploy.faulty_server import FaultyServer, Reply
from tests.runtime.twins.records import TwinRecords

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime.reconciliation.config import SecretSource

TYPE = {"type": "deploy.server", "properties": [{"name": "password", "kind": "STRING", "password": True}]}
REQUEST = SeedRequest("web", (Item("Configuration/server", "deploy.server", secrets={"password": None}),))  # type: ignore[dict-item] # not looked at

OURS = "Deploy refused POST /repository/ci/Configuration/server: 400 refused:"

QUOTED: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "as JSON": json.dumps,
    "as JSON beyond ASCII": lambda secret: json.dumps(secret, ensure_ascii=False),
    "as HTML": html.escape,
    "in a URL": quote,
    "in a URL, slashes too": lambda secret: quote(secret, safe=""),
    "on one line": one_line,
}

secrets = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"]) | st.sampled_from("\"'&<>\\/\n {}$"), min_size=8
).filter(lambda text: len(one_line(text)) >= 8 and text.strip(" *") != "")


class Told:
    """Secrets of which a test knows the value."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def value(self, _source: SecretSource) -> str:
        return self.secret


def told(server: FaultyServer, secret: str, password: str, echo: str) -> str:
    """Return what the seeder says when the server refuses to create a CI with these words."""
    server.replies[:] = [
        Reply(body="<version>24.3.0</version>", content_type="application/xml"),
        Reply(body=json.dumps(TYPE)),
        Reply(404),
        Reply(body='{"boolean": true}'),
        Reply(body='{"boolean": true}'),
        Reply(body='{"boolean": true}'),
        Reply(400, f"refused: {echo} !", "text/plain; charset=utf-8"),
        Reply(body='{"boolean": false}'),
    ]
    transport = Transport(server.url, lambda _fresh: Credentials("amy", password))
    try:
        Seeder(DeployClient(transport), Told(secret), TwinRecords()).apply(REQUEST)
    except SeedError as error:
        return str(error)
    raise AssertionError("the server was to refuse")


def test_no_secret_is_in_a_reason() -> None:
    with FaultyServer(Reply()) as server:

        @settings(max_examples=40, deadline=None)
        @given(secret=secrets, password=secrets, how=st.sampled_from(sorted(QUOTED)), which=st.booleans())
        def holds(secret: str, password: str, how: str, which: bool) -> None:
            quoted = secret if which else password
            text = told(server, secret, password, QUOTED[how](quoted))
            assert text.startswith(OURS)
            text = text.removeprefix(OURS)
            for form in {quoted, *(write(quoted) for write in QUOTED.values())}:
                assert all(len(part.strip()) < 8 or part.strip() not in text for part in form.splitlines())

        holds()


def test_a_private_key_is_not_in_a_reason_even_in_part() -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUA\n" * 6 + "AAAA=\n"
    with FaultyServer(Reply()) as server:
        text = told(server, key, "password of the account", json.dumps({"privateKey": key}))
    assert "b3Blbn" not in text
