"""Types are asked for once, but not for ever: a plugin may be installed while a container lives."""

from __future__ import annotations

import json

from runtime.deploy.metadata import Metadata
from runtime.deploy.transport import Credentials, Transport
from tests.runtime.deploy.faulty_server import FaultyServer, Reply

UNKNOWN = Reply(404, "unknown type", "text/plain")
KNOWN = Reply(body=json.dumps({"type": "t", "properties": [{"name": "privateKey", "password": True}]}))


def test_a_plugin_that_is_installed_is_noticed_within_minutes() -> None:
    now = 1000.0
    with FaultyServer(UNKNOWN, KNOWN) as server:
        transport = Transport(server.url, lambda _fresh: Credentials("amy", "secret"))
        metadata = Metadata(transport, lambda: now)
        for _ in range(2):
            assert metadata.properties("t") is None
        now += 301
        for _ in range(2):
            assert (metadata.properties("t") or {}).keys() == {"privateKey"}
    assert len(server.seen) == 2
