"""The sequence of ``digital-ai/github-actions-deploy`` (src/deploy-manager.js), the vendor's GitHub Action.

It leaves ``Accept`` to axios, which prefers JSON; and it hands axios an empty text as the body of calls
without payload, which axios serialises as the JSON text ``""``.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any, cast
from urllib.parse import quote

import pytest
import requests

from tests.sandbox.deploy_server.contract.caller import PATIENCE, Caller, eventually

JSON = {"Accept": "application/json, text/plain, */*", "Content-Type": "application/json"}
NO_PAYLOAD = '""'
RUNNING = ("QUEUED", "EXECUTING", "ABORTING", "STOPPING", "FAILING", "PENDING")
ENVIRONMENT = "Environments/Dev/GitHub"


@pytest.fixture(scope="module")
def action(base: str) -> Caller:
    caller = Caller(base, JSON)
    items = [
        {"id": "Environments/Dev", "type": "core.Directory"},
        {"id": "Infrastructure/runner", "type": "overthere.LocalHost", "os": "UNIX"},
        {"id": ENVIRONMENT, "type": "udm.Environment", "members": ["Infrastructure/runner"]},
    ]
    caller.post("repository/cis", json.dumps(items))
    return caller


def upload(base: str, version: str, command: str) -> str:
    """Publishes a package of one command with the action's multipart form; gives the package's id."""
    manifest = f"""<?xml version="1.0" encoding="UTF-8"?>
    <udm.DeploymentPackage version="{version}" application="Shop">
      <deployables><cmd.Command name="greet"><commandLine>{command}</commandLine></cmd.Command></deployables>
    </udm.DeploymentPackage>"""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("deployit-manifest.xml", manifest)
    answer = requests.post(
        f"{base}/package/upload/shop-{version}.dar",
        files={"fileData": (f"shop-{version}.dar", archive.getvalue(), "application/octet-stream")},
        headers={"Accept": JSON["Accept"]},
        auth=("admin", "admin"),
        timeout=PATIENCE,
    )
    assert answer.status_code == 200, answer.text
    return cast("str", answer.json()["id"])


def create_task(action: Caller, package: str) -> tuple[str, dict[str, Any]]:
    """Task id, and the Deployment it was made of."""
    application, _, _ = package.rpartition("/")
    name = application.rpartition("/")[2]
    version, environment = quote(package, safe=""), quote(ENVIRONMENT, safe="")
    exists = f"deployment/exists?application={quote(application, safe='')}&environment={environment}"
    if action.get(exists).json()["boolean"]:
        deployed = quote(f"{ENVIRONMENT}/{name}", safe="")
        prepared = action.get(f"deployment/prepare/update?version={version}&deployedApplication={deployed}")
    else:
        prepared = action.get(f"deployment/prepare/initial?version={version}&environment={environment}")
    mapped = action.post("deployment/prepare/deployeds", prepared.text)
    checked = action.post("deployment/validate", mapped.text)
    return action.post("deployment/", checked.text).json()["string"], checked.json()


def run(action: Caller, task: str) -> str:
    """Starts the task and gives the state in which it stopped running."""
    action.post(f"tasks/v2/{task}/start", NO_PAYLOAD, expect=204)
    states = ("EXECUTED", "DONE", "FAILED", "STOPPED", "ABORTED", "CANCELLED")
    return eventually(lambda: str(action.get(f"tasks/v2/{task}").json()["state"]), *states)


def test_the_server_says_that_it_runs(action: Caller) -> None:
    assert action.get("server/state").json()["current-mode"] == "RUNNING"


def test_a_missing_environment_is_answered_false(action: Caller) -> None:
    assert action.get(f"repository/exists/{ENVIRONMENT}").json() == {"boolean": True}
    assert action.get("repository/exists/Environments/Nowhere").json() == {"boolean": False}


def test_publish_deploy_upgrade_and_roll_back(action: Caller) -> None:
    package = upload(action.base, "1.0", "true")
    assert package == "Applications/Shop/1.0"
    task, initial = create_task(action, package)
    assert initial["type"] == "INITIAL"
    assert [deployed["id"] for deployed in initial["deployeds"]] == ["Infrastructure/runner/greet"]
    assert run(action, task) == "EXECUTED"
    action.post(f"tasks/v2/{task}/archive", NO_PAYLOAD, expect=204)

    failing, update = create_task(action, upload(action.base, "2.0", "false"))
    assert update["type"] == "UPDATE"
    assert run(action, failing) == "FAILED"
    rollback = action.post(f"deployment/rollback/{failing}", NO_PAYLOAD).json()["string"]
    assert rollback != failing
    assert run(action, rollback) == "EXECUTED"
    action.post(f"tasks/v2/{rollback}/archive", NO_PAYLOAD, expect=204)
    version = action.get(f"repository/ci/{ENVIRONMENT}/Shop").json()["version"]
    assert version == "Applications/Shop/1.0"


def test_a_refusal_is_text_that_the_action_can_print(action: Caller) -> None:
    answer = action.post("tasks/v2/no-such-task/start", NO_PAYLOAD, expect=None)
    assert answer.status_code >= 400
    assert "no-such-task" in answer.text
