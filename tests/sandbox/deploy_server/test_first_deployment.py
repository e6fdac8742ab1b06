"""A package reaches a host on this machine, by the vendor's SDK."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests
import xldeploy
from xldeploy.domain.ConfigurationItem import ConfigurationItem

from cdk_app.sandbox.deploy_server import DeployServer, ServerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xldeploy.domain.Task import Task

DEADLINE = 10.0


@pytest.fixture
def server() -> Iterator[DeployServer]:
    with DeployServer(ServerSettings()) as running:
        yield running


@pytest.fixture
def client(server: DeployServer) -> xldeploy.Client:
    parts = urlsplit(server.url)
    return xldeploy.Client(xldeploy.Config(host=parts.hostname, port=str(parts.port)))


def finish(task: Task) -> str:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        state = str(task.get_task()["state"])
        if state in ("EXECUTED", "FAILED", "STOPPED", "ABORTED"):
            return state
        time.sleep(0.01)
    raise AssertionError("The task did not end")


def create(client: xldeploy.Client, ci_id: str, type_name: str, **properties: object) -> None:
    client.repository.create_ci(ConfigurationItem(ci_id, type_name, dict(properties)))


def host_with_command(client: xldeploy.Client, hosts: list[str], command: str) -> None:
    for host in hosts:
        create(client, host, "overthere.LocalHost", os="UNIX")
    create(client, "Environments/Test", "udm.Environment", members=hosts)
    create(client, "Applications/Shop", "udm.Application")
    create(client, "Applications/Shop/1.0", "udm.DeploymentPackage")
    create(client, "Applications/Shop/1.0/greet", "cmd.Command", commandLine=command)


def test_command_runs_and_outcome_is_registered(client: xldeploy.Client, tmp_path: Path) -> None:
    host_with_command(client, ["Infrastructure/one"], f"echo hello > {tmp_path}/greeting")
    deployment = client.deployment.prepare_initial("Applications/Shop/1.0", "Environments/Test")
    task = client.deployment.create_task(client.deployment.prepare_auto_deployeds(deployment))
    assert not client.repository.exists("Environments/Test/Shop")

    task.start()

    assert finish(task) == "EXECUTED"
    assert (tmp_path / "greeting").read_text() == "hello\n"
    assert client.repository.read("Environments/Test/Shop").deployeds == ["Infrastructure/one/greet"]


def test_same_version_update_touches_only_the_new_host(client: xldeploy.Client, tmp_path: Path) -> None:
    host_with_command(client, ["Infrastructure/one"], f"echo line >> {tmp_path}/lines")
    deployment = client.deployment.prepare_initial("Applications/Shop/1.0", "Environments/Test")
    first = client.deployment.create_task(client.deployment.prepare_auto_deployeds(deployment))
    first.start()
    assert finish(first) == "EXECUTED"
    create(client, "Infrastructure/two", "overthere.LocalHost", os="UNIX")
    environment = client.repository.read("Environments/Test")
    environment.members = ["Infrastructure/one", "Infrastructure/two"]
    client.repository.update_ci(environment)

    update = client.deployment.prepare_update("Applications/Shop/1.0", "Environments/Test/Shop")
    assert [deployed["id"] for deployed in update.deployeds] == ["Infrastructure/one/greet"]
    task = client.deployment.create_task(client.deployment.prepare_auto_deployeds(update))
    steps = task.get_steps("0_1_1")["steps"]

    assert [step["metadata"]["deployed_0"] for step in steps] == ["Infrastructure/two/greet"]
    task.start()
    assert finish(task) == "EXECUTED"
    assert (tmp_path / "lines").read_text() == "line\nline\n"


def test_wrong_password_is_401_and_token_is_accepted(server: DeployServer) -> None:
    info = f"{server.url}/server/info"
    assert requests.get(info, auth=("admin", "wrong"), timeout=5).status_code == 401
    assert requests.get(info, auth=("", server.issue_token("admin")), timeout=5).status_code == 200
