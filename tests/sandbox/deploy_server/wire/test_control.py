from __future__ import annotations

from collections.abc import Iterator

import pytest

from cdk_app.sandbox.deploy_server import DeployServer, ServerSettings, User
from tests.sandbox.deploy_server.api import Api, wait_for

HOST = "Infrastructure/host"


@pytest.fixture
def api() -> Iterator[Api]:
    with DeployServer(ServerSettings(users=(User("reader", "secret"),))) as server:
        found = Api(server.url)
        found.create(HOST, type="overthere.LocalHost", os="UNIX")
        yield found


def test_what_was_prepared_becomes_a_task_that_checks_the_connection(api: Api) -> None:
    prepared = api.call("GET", f"/control/prepare/checkConnection/{HOST}").json()
    assert (prepared["method"], prepared["controllable"]["id"]) == ("checkConnection", HOST)
    task = f"/tasks/v2/{api.call('POST', '/control', prepared).json()['string']}"
    api.call("POST", f"{task}/start", expect=204)
    wait_for(lambda: api.call("GET", task).json()["state"] == "EXECUTED")
    assert api.call("GET", task).json()["metadata"]["taskType"] == "CONTROL"
    api.call("POST", f"{task}/archive", expect=204)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"checkConnection/{HOST}/nothing", 404),
        (f"noSuchTask/{HOST}", 400),
        ("checkConnection/Environments", 400),
    ],
)
def test_what_does_not_exist_cannot_be_prepared(api: Api, path: str, status: int) -> None:
    api.call("GET", f"/control/prepare/{path}", expect=status)


def test_it_takes_a_permission_on_the_item_or_on_everything(api: Api) -> None:
    reader = Api(api.base, ("reader", "secret"))
    for permission in ("read", "controltask%23execute"):
        reader.call("GET", f"/control/prepare/checkConnection/{HOST}", expect=403)
        api.call("PUT", f"/security/permission/{permission}/reader/Infrastructure", expect=204)
    reader.call("GET", f"/control/prepare/checkConnection/{HOST}")


@pytest.mark.parametrize(
    "body", [{}, {"method": "checkConnection"}, {"method": "checkConnection", "controllable": {}}]
)
def test_half_a_control_task_is_refused(api: Api, body: dict[str, object]) -> None:
    api.call("POST", "/control", body, expect=400)
