"""Faults on demand and the journal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

from cdk_app.sandbox.deploy_server.testing import RequestFault
from tests.sandbox.deploy_server.api import Api

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server import DeployServer

HOST = {"type": "overthere.SshHost", "os": "UNIX", "address": "192.0.2.1"}


def test_error_before_and_after_the_write(server: DeployServer, api: Api) -> None:
    for when, written in (("before", False), ("after", True)):
        server.faults.add(RequestFault(method="POST", path=when, when=when, status=502, text="no"))  # type: ignore[arg-type] # one of the two literals
        refused = api.call("POST", f"/repository/ci/Infrastructure/{when}", HOST, expect=502)
        assert refused.text == "no"
        assert api.exists(f"Infrastructure/{when}") is written


@pytest.mark.parametrize(("when", "written"), [("before", False), ("after", True)])
def test_connection_is_dropped(server: DeployServer, api: Api, when: str, written: bool) -> None:
    server.faults.add(RequestFault(method="POST", kind="drop", when=when))  # type: ignore[arg-type] # one of the two literals
    with pytest.raises(requests.exceptions.ConnectionError):
        api.call("POST", "/repository/ci/Infrastructure/host", HOST)
    assert api.exists("Infrastructure/host") is written


def test_times_delay_and_clear(server: DeployServer, api: Api) -> None:
    server.faults.add(RequestFault(path="exists", delay=0.2, kind="none", times=2))
    for slow in (True, True, False):
        started = time.monotonic()
        api.exists("Infrastructure/host")
        assert time.monotonic() - started >= (0.2 if slow else 0)
    assert server.faults.pending() == []
    server.faults.add(RequestFault(path="exists", times=0))
    for _ in range(3):
        api.call("GET", "/repository/exists/x", expect=500)
    server.faults.clear()
    assert not api.exists("x")


def test_stale_token_on_demand(server: DeployServer, api: Api) -> None:
    read = api.create("Infrastructure/host", **HOST)
    server.faults.add(RequestFault(method="PUT", kind="stale"))
    api.update(read, expect=409)
    api.update(api.read("Infrastructure/host"))


def test_journal_counts_by_endpoint(server: DeployServer, api: Api) -> None:
    api.exists("Infrastructure/a")
    api.exists("Infrastructure/b")
    api.call("GET", "/repository/ci/Infrastructure/a", expect=404)
    requests.get(f"{server.url}/no/such/path", auth=api.auth, timeout=5)
    assert server.journal.counts() == {
        "GET /repository/exists/{id}": 2,
        "GET /repository/ci/{id}": 1,
        "GET /deployit/no/such/path": 1,
    }
    assert [call.status for call in server.journal.calls] == [200, 200, 404, 404]


def test_a_call_whose_answer_has_no_body_is_in_the_journal_when_the_client_has_the_answer(
    server: DeployServer, api: Api
) -> None:
    for number in range(1, 201):
        api.call("DELETE", f"/repository/ci/Infrastructure/absent{number}", expect=204)
        assert len(server.journal.calls) == number


def test_both_are_reached_over_http_by_administrators(server: DeployServer, api: Api) -> None:
    outside = Api(server.url.removesuffix("/deployit"))
    fault = {"of": "request", "path": "exists", "status": 503, "times": 1}
    outside.call("POST", "/_standin/faults", fault, expect=204)
    assert outside.call("GET", "/_standin/faults").json()[0]["status"] == 503
    api.call("GET", "/repository/exists/x", expect=503)
    assert "times" in outside.call("POST", "/_standin/faults", {"of": "request", "no": 1}, expect=400).text
    refused: tuple[object, ...] = (
        {"of": "request", "path": "("},
        {"of": "request", "kind": "flood"},
        {"of": "moon"},
        [],
    )
    for wrong in refused:
        outside.call("POST", "/_standin/faults", wrong, expect=400)
    outside.call("POST", "/_standin/faults", {"of": "step", "delay": 1}, expect=204)
    outside.call("DELETE", "/_standin/faults", expect=204)
    assert outside.call("GET", "/_standin/faults").json() == []
    journal = outside.call("GET", "/_standin/journal").json()
    assert journal["counts"] == {"GET /deployit/repository/exists/x": 1}
    outside.call("DELETE", "/_standin/journal", expect=204)
    assert outside.call("GET", "/_standin/journal").json()["calls"] == []
    Api(outside.base, ("admin", "wrong")).call("GET", "/_standin/journal", expect=401)
    other = api.user("jane", "pw", "login")
    Api(outside.base, other.auth).call("GET", "/_standin/journal", expect=403)
