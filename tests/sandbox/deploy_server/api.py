"""Calls of the REST API as the tests of the stand-in need them: plain requests, no client of ours."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PATIENCE = 20.0


def wait_for(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Look at a condition until it holds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "It has not come true in time"
        time.sleep(0.01)


@dataclass(frozen=True, slots=True)
class Api:
    """A user of one server, who speaks JSON."""

    base: str
    auth: tuple[str, str] = ("admin", "admin")

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        expect: int | None = 200,
        query: Mapping[str, str] | None = None,
    ) -> requests.Response:
        response = requests.request(
            method,
            self.base + path,
            params=query,
            json=body,
            headers={"Accept": "application/json", "Content-Type": "application/json"},
            auth=self.auth,
            timeout=PATIENCE,
        )
        if expect is not None:
            assert response.status_code == expect, f"{method} {path}: {response.status_code} {response.text}"
        return response

    def create(self, ci_id: str, **properties: object) -> dict[str, Any]:
        created: dict[str, Any] = self.call(
            "POST", f"/repository/ci/{ci_id}", {"id": ci_id, **properties}
        ).json()
        return created

    def update(self, item: dict[str, Any], expect: int | None = 200) -> requests.Response:
        return self.call("PUT", f"/repository/ci/{item['id']}", item, expect)

    def read(self, ci_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/repository/ci/{ci_id}").json()
        return found

    def exists(self, ci_id: str) -> bool:
        return bool(self.call("GET", f"/repository/exists/{ci_id}").json()["boolean"])

    def ids(self, **query: str) -> list[str]:
        return [found["ref"] for found in self.call("GET", "/repository/query", query=query).json()]

    def upload(
        self, ci_id: str, type_name: str, content: bytes, file_name: str, **properties: object
    ) -> None:
        item = {"id": ci_id, "type": type_name, **properties}
        parts: dict[str, tuple[None, str, str] | tuple[str, bytes]] = {
            "configurationItem": (None, json.dumps(item), "application/json"),
            "fileData": (file_name, content),
        }
        response = requests.post(
            f"{self.base}/repository/ci/{ci_id}",
            files=parts,
            auth=self.auth,
            timeout=PATIENCE,
        )
        assert response.status_code == 200, response.text

    def user(self, name: str, password: str, *permissions: str) -> Api:
        """Create a user with a role of its name and permissions such as ``login``, ``read@Environments``."""
        self.call("POST", f"/security/user/{name}", {"username": name, "password": password})
        self.call("PUT", f"/security/role/{name}/{name}", expect=204)
        for permission in permissions:
            self.grant(name, permission)
        return Api(self.base, (name, password))

    def grant(self, role: str, permission: str) -> None:
        name, _, where = permission.partition("@")
        self.call("PUT", f"/security/permission/{quote(name)}/{role}/{where or 'global'}", expect=204)

    def deployable_environment(self, hosts: int = 1, **commands: str) -> None:
        """Create hosts on this machine in ``Environments/env``, and commands in ``Applications/app/1``."""
        members = [f"Infrastructure/host{number}" for number in range(1, hosts + 1)]
        for member in members:
            self.create(member, type="overthere.LocalHost", os="UNIX")
        self.create("Environments/env", type="udm.Environment", members=members)
        self.create("Applications/app", type="udm.Application")
        self.package("1", **commands)

    def package(self, version: str, **commands: str) -> None:
        """Create a version of ``Applications/app``; its commands run in the order given."""
        package = f"Applications/app/{version}"
        self.create(package, type="udm.DeploymentPackage")
        for order, (name, line) in enumerate(commands.items(), start=50):
            self.create(f"{package}/{name}", type="cmd.Command", commandLine=line, order=str(order))

    def prepare(self, version: str, environment: str) -> dict[str, Any]:
        """Prepare the first deployment or the update, everything mapped."""
        application = version.split("/")[-2]
        deployed = f"{environment}/{application}"
        if self.exists(deployed):
            query = {"version": version, "deployedApplication": deployed}
            prepared = self.call("GET", "/deployment/prepare/update", query=query).json()
        else:
            query = {"version": version, "environment": environment}
            prepared = self.call("GET", "/deployment/prepare/initial", query=query).json()
        mapped: dict[str, Any] = self.call("POST", "/deployment/prepare/deployeds", prepared).json()
        return mapped

    def task(self, deployment: dict[str, Any]) -> str:
        return str(self.call("POST", "/deployment", deployment).json()["string"])

    def deploy(self, version: str, environment: str) -> str:
        """Start a deployment and return its task."""
        task = self.task(self.prepare(version, environment))
        self.start(task)
        return task

    def start(self, task: str) -> None:
        self.call("POST", f"/tasks/v2/{task}/start", expect=204)

    def finish(self, task: str) -> str:
        """Wait until a task rests and return its state."""
        resting = ("EXECUTED", "FAILED", "STOPPED", "ABORTED", "DONE", "CANCELLED")
        wait_for(lambda: self.state(task) in resting)
        return self.state(task)

    def state(self, task: str) -> str:
        return str(self.call("GET", f"/tasks/v2/{task}").json()["state"])

    def steps(self, task: str, block: str = "0_1_1") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/tasks/v2/{task}/block/{block}/step").json()["steps"]
        return found
