"""What ``xebialabs-community/xl-deploy-stress-tests`` asserts of a live server: statuses and extractions.

The vendor's load tests (Scala, Gatling and Spray). Gatling's base headers are XML; calls marked ``asJSON``
send and accept JSON; Spray's calls send JSON without asking for any format.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.sandbox.deploy_server.contract.caller import Caller, eventually, xml

JSON = {"Content-Type": "application/json", "Accept": "application/json"}


@pytest.fixture(scope="module")
def gatling(base: str) -> Caller:
    return Caller(base, {"Content-Type": "application/xml", "Accept": "application/xml"})


@pytest.fixture(scope="module")
def as_json(base: str) -> Caller:
    return Caller(base, JSON)


@pytest.fixture(scope="module")
def spray(base: str) -> Caller:
    return Caller(base, {"Content-Type": "application/json; charset=UTF-8", "Accept": "*/*"})


@pytest.mark.parametrize(
    ("ci_id", "body"),
    [
        ("Applications/Stress", {"type": "udm.Application"}),
        (
            "Configuration/smtp",
            {"type": "mail.SmtpServer", "host": "SMTPSERVER1", "fromAddress": "SMTPSERVER1"},
        ),
        ("Environments/stress", {"type": "udm.Environment"}),
        (
            "Infrastructure/smb",
            {"type": "overthere.SmbHost", "address": "hfgh", "username": "dfg", "password": "dfg"},
        ),
    ],
)
def test_create_rename_and_delete(as_json: Caller, gatling: Caller, ci_id: str, body: dict[str, str]) -> None:
    root, name = ci_id.split("/")
    as_json.post(f"repository/ci/{root}%2F{name}", json.dumps({"id": ci_id, **body}), expect=200)
    gatling.post(f"repository/rename/{root}%2F{name}?newName={name}2", expect=200)
    gatling.delete(f"repository/ci/{root}%2F{name}2", expect=204)


def test_a_directory_is_made_without_asking_for_a_format(spray: Caller) -> None:
    created = spray.post(
        "repository/ci/Environments/dir1", '{"id":"Environments/dir1","type":"core.Directory"}'
    )
    assert xml(created).get("id") == "Environments/dir1"
    assert spray.delete("repository/ci/Environments/dir1", expect=204).content == b""


def test_the_generated_data_set_is_accepted(spray: Caller) -> None:
    items: list[dict[str, object]] = [
        {"id": "Environments/dir0", "type": "core.Directory"},
        {
            "id": "Environments/dir0/dict0",
            "type": "udm.Dictionary",
            "entries": {"key1": "value1", "jdbc.url": "jdbc:oracle:thin:@localhost:1521:ORCL"},
            "encryptedEntries": {"encryptedKey1": "secret", "scott": "tiger"},
        },
        {"id": "Infrastructure/env0", "type": "core.Directory"},
        {"id": "Infrastructure/env0/host0", "type": "overthere.LocalHost", "os": "UNIX"},
        {
            "id": "Environments/env0",
            "type": "udm.Environment",
            "members": [{"id": "Infrastructure/env0/host0", "type": "overthere.LocalHost"}],
            "dictionaries": [],
        },
        {"id": "Applications/cmdapp0", "type": "udm.Application"},
        {
            "id": "Applications/cmdapp0/0",
            "type": "udm.DeploymentPackage",
            "orchestrator": ["parallel-by-container"],
        },
        {"id": "Applications/cmdapp0/0/cmd0", "type": "cmd.Command", "commandLine": "sleep 0.2"},
    ]
    for item in items:
        spray.post(f"repository/ci/{item['id']}", json.dumps(item), expect=200)
    read = spray.get("repository/ci/Environments/dir0/dict0")
    assert "tiger" not in read.text


def execute(gatling: Caller, prepared: bytes) -> None:
    """Creates the task from the bytes that a prepare call gave, and takes it to its archive."""
    task = gatling.post("deployment", prepared, expect=200).text
    assert re.fullmatch(r"[0-9a-z]{8}(-[0-9a-z]{4}){3}-[0-9a-z]{12}", task)
    gatling.post(f"tasks/v2/{task}/start", expect=204)
    for listing in ("task/current", "tasks/v2/current"):
        assert f'id="{task}"' in gatling.get(listing).text
    state = eventually(
        lambda: str(xml(gatling.get(f"tasks/v2/{task}")).get("state")), "EXECUTED", "FAILED", "STOPPED"
    )
    assert state == "EXECUTED"
    gatling.post(f"tasks/v2/{task}/archive", expect=204)


def test_deploy_and_undeploy_with_the_bytes_that_were_read(gatling: Caller) -> None:
    query = "version=Applications/cmdapp0/0&environment=Environments/env0"
    prepared = gatling.get(f"deployment/prepare/initial?{query}", expect=200)
    mapped = gatling.post("deployment/prepare/deployeds", prepared.content, expect=200)
    execute(gatling, mapped.content)
    deployed = "deployedApplication=Environments/env0/cmdapp0"
    execute(gatling, gatling.get(f"deployment/prepare/undeploy?{deployed}", expect=200).content)


def test_a_deployment_as_the_user_interface_sends_it(as_json: Caller) -> None:
    deployment = json.dumps(
        {
            "id": "deployment-bd059d09-70f7-43ff-8c67-614688f67042",
            "type": "INITIAL",
            "deploymentGroupIndex": 0,
            "application": {
                "id": "Environments/env0/cmdapp0",
                "type": "udm.DeployedApplication",
                "version": "Applications/cmdapp0/0",
                "environment": "Environments/env0",
                "deployeds": [],
                "orchestrator": [],
                "optimizePlan": True,
                "boundConfigurationItems": [],
                "unresolvedPlaceholders": {},
                "undeployDependencies": False,
            },
            "deployeds": [],
            "deployables": [{"ci": "Applications/cmdapp0/0/cmd0", "type": "cmd.Command"}],
            "containers": [{"ci": "Infrastructure/env0/host0", "type": "overthere.LocalHost"}],
            "requiredDeployments": [],
        }
    )
    assert as_json.post("repository/cis/read", " [] ").json() == []
    task = as_json.post("deployment", deployment, expect=200).json()["string"]
    as_json.delete(f"tasks/v2/{task}", expect=204)
    mapped = as_json.post("deployment/prepare/deployeds", deployment, expect=200).json()
    assert [deployed["id"] for deployed in mapped["deployeds"]] == ["Infrastructure/env0/host0/cmd0"]
    as_json.post("deployment/validate", deployment, expect=200)
    read = as_json.post("repository/cis/read", ' ["Applications/cmdapp0/0"] ').json()
    assert [item["id"] for item in read] == ["Applications/cmdapp0/0"]


def test_queries_and_candidates(as_json: Caller, gatling: Caller) -> None:
    references = as_json.get("repository/query?resultsPerPage=-1&parent=Environments").json()
    assert references[0]["ref"].startswith("Environments/")
    text = gatling.get("repository/query?parent=Environments&resultsPerPage=-1").text
    assert "env0" in re.findall(r"ref=\"Environments/([\w\d]+)", text)
    query = "namePattern=%25%25&propertyName=members&resultsPerPage=-1"
    new = '{ "id": "Environments/not-there-yet", "type":"udm.Environment" }'
    found = as_json.post(f"repository/candidate-values?{query}", new, expect=200).json()
    assert "Infrastructure/env0/host0" in [reference["ref"] for reference in found]
