from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from cdk_app.sandbox.deploy_server import DeployServer
from tests.sandbox.deploy_server.api import PATIENCE, Api

ALL: list[dict[str, str]] = []


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """A server with two archived deployments of one application, and an open one of it."""
    with DeployServer() as server:
        found = Api(server.url)
        found.deployable_environment(run="true")
        for version in ("2", "3"):
            found.package(version, run="true")
        for version in ("1", "2"):
            task = found.deploy(f"Applications/app/{version}", "Environments/env")
            assert found.finish(task) == "EXECUTED"
            found.call("POST", f"/tasks/v2/{task}/archive", expect=204)
        found.task(found.prepare("Applications/app/3", "Environments/env"))
        yield found


def ask(
    api: Api, path: str, applications: list[dict[str, str]], **query: str
) -> tuple[str, list[dict[str, Any]]]:
    answer = requests.post(api.base + path, json=applications, params=query, auth=api.auth, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return answer.headers["X-Total-Count"], answer.json()


def test_open_and_closed_deployments_are_apart(api: Api) -> None:
    total, monitored = ask(api, "/taskmonitor/deployment", ALL)
    assert (total, [task["metadata"]["version"] for task in monitored]) == ("1", ["3"])
    total, reported = ask(api, "/report/tasks", ALL)
    assert (total, [entry["package"] for entry in reported]) == ("2", ["app/1", "app/2"])
    assert [entry["type"] for entry in reported] == ["Initial", "Update"]


def test_pages_start_at_one_and_the_total_counts_all(api: Api) -> None:
    for page, package in (("1", ["app/1"]), ("2", ["app/2"]), ("3", [])):
        total, entries = ask(api, "/report/tasks", ALL, page=page, resultsPerPage="1")
        assert (total, [entry["package"] for entry in entries]) == ("2", package)


def test_only_the_applications_that_are_asked_for(api: Api) -> None:
    this, other = ({"id": f"Applications/{name}", "type": "udm.Application"} for name in ("app", "other"))
    assert ask(api, "/report/tasks", [this, other])[0] == "2"
    assert ask(api, "/report/tasks", [other]) == ("0", [])


def test_a_period_leaves_out_what_ended_before(api: Api) -> None:
    assert ask(api, "/report/tasks", ALL, begin="2100-01-01")[0] == "0"
    assert ask(api, "/report/tasks", ALL, begin="2020-01-01", end="2100-01-01T00:00:00.000Z")[0] == "2"
