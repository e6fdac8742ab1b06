"""The reads of ``digital-ai/backstage-deploy`` (plugins/dai-deploy-backend/src/api, src/mocks), the vendor's
Backstage plugin: task JSON, ``X-Total-Count``, and the refusals that its mocks record.

Its URL template contains a line break and blanks, so the value of ``end`` arrives with trailing blanks.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.sandbox.deploy_server.contract.caller import Caller, eventually

JSON = {"Content-Type": "application/json", "Accept": "application/json"}
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}")
APPLICATION = json.dumps([{"type": "udm.Application", "id": "Applications/Portal"}])
DATES = "begin=2020-01-01T00:00:00.000Z&end=2100-01-01T00:00:00.000Z%20%20%20%20%20%20%20%20"
CURRENT = f"taskmonitor/deployment?{DATES}&order=end:desc&page=1&resultsPerPage=10&taskSet=ALL"
HISTORY = f"report/tasks?{DATES}&order=endDate:desc&page=1&resultsPerPage=10&taskId="


@pytest.fixture(scope="module")
def backstage(base: str) -> Caller:
    """The plugin, looking at one finished deployment that is not archived yet."""
    caller = Caller(base, JSON)
    items = [
        {"id": "Infrastructure/node", "type": "overthere.LocalHost", "os": "UNIX"},
        {"id": "Environments/Staging", "type": "core.Directory"},
        {"id": "Environments/Staging/Portal", "type": "udm.Environment", "members": ["Infrastructure/node"]},
        {"id": "Applications/Portal", "type": "udm.Application"},
        {"id": "Applications/Portal/1.0", "type": "udm.DeploymentPackage"},
        {"id": "Applications/Portal/1.0/run", "type": "cmd.Command", "commandLine": "true"},
    ]
    caller.post("repository/cis", json.dumps(items))
    query = "version=Applications/Portal/1.0&environment=Environments/Staging/Portal"
    prepared = caller.get(f"deployment/prepare/initial?{query}").text
    task = caller.post("deployment", caller.post("deployment/prepare/deployeds", prepared).text).json()[
        "string"
    ]
    caller.post(f"tasks/v2/{task}/start", expect=204)
    state = eventually(lambda: str(caller.get(f"tasks/v2/{task}").json()["state"]), "EXECUTED", "FAILED")
    assert state == "EXECUTED"
    return caller


def test_current_deployments(backstage: Caller) -> None:
    answer = backstage.post(CURRENT, APPLICATION)
    assert answer.headers["X-Total-Count"] == "1"
    (task,) = answer.json()
    assert (task["owner"], task["state"]) == ("admin", "EXECUTED")
    assert task["description"] == "Initial deployment of Portal"
    assert STAMP.fullmatch(task["startDate"])
    assert STAMP.fullmatch(task["completionDate"])
    metadata = task["metadata"]
    assert metadata["taskType"] == "INITIAL"
    assert (metadata["application"], metadata["version"]) == ("Portal", "1.0")
    assert metadata["environment"] == "Portal"
    assert metadata["environment_id"] == "Environments/Staging/Portal"
    assert all(isinstance(value, str) for value in metadata.values())


def test_history_shows_what_was_archived(backstage: Caller) -> None:
    before = backstage.post(HISTORY, APPLICATION)
    assert (before.headers["X-Total-Count"], before.json()) == ("0", [])
    (task,) = backstage.post(CURRENT, APPLICATION).json()
    backstage.post(f"tasks/v2/{task['id']}/archive", expect=204)
    (entry,) = backstage.post(HISTORY, APPLICATION).json()
    assert (entry["taskId"], entry["status"], entry["user"]) == (task["id"], "DONE", "admin")
    assert (entry["type"], entry["package"]) == ("Initial", "Portal/1.0")
    assert entry["environmentIdWithoutRoot"] == "Staging/Portal"


def test_the_refusals_of_the_recorded_mocks(backstage: Caller) -> None:
    wrong = Caller(backstage.base, JSON, auth=("admin", "wrong"))
    assert wrong.post(HISTORY, APPLICATION, expect=401).text == ""
    backstage.post("security/user/looker", '{"username":"looker","password":"Pa55word!","admin":false}')
    backstage.put("security/role/lookers", expect=204)
    backstage.put("security/role/lookers/looker", expect=204)
    backstage.put("security/permission/login/lookers/global", expect=204)
    looker = Caller(backstage.base, JSON, auth=("looker", "Pa55word!"))
    refused = looker.post(HISTORY, APPLICATION, expect=403)
    assert refused.text == "You do not have report#view permission"
