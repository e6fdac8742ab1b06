"""Endpoints that no other file is about: metadata, previews, validation, other ways to read a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from lxml import etree

from cdk_app.sandbox.deploy_server.wire.exchange import wants_json

if TYPE_CHECKING:
    from tests.sandbox.deploy_server.api import Api

ENVIRONMENT = "Environments/env"


def xml(api: Api, path: str) -> etree._Element:
    """Return an answer as a client that names no format gets it."""
    answer = requests.get(api.base + path, auth=api.auth, timeout=5)
    assert answer.headers["Content-Type"] == "application/xml"
    return etree.fromstring(answer.content)


def texts(element: etree._Element, path: str) -> list[str]:
    """Return the attributes or texts that an XPath expression finds."""
    found = element.xpath(path)
    assert isinstance(found, list)
    return [str(text) for text in found]


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        (None, False),
        ("*/*", False),
        ("application/xml", False),
        ("application/json", True),
        ("application/json, text/plain, */*", True),
        ("application/xml, application/json;q=0.5", False),
        ("application/xml;q=0.1, application/json", True),
        ("application/json;q=0", False),
        ("text/html", False),
    ],
)
def test_format_of_answers_is_chosen_by_accept_and_xml_is_the_default(accept: str | None, json: bool) -> None:
    assert wants_json(accept) is json


def test_unknown_paths_are_not_found_after_the_login_and_wrong_methods_are_told(api: Api) -> None:
    api.call("GET", "/no/such/path", expect=404)
    api.call("DELETE", "/server/info", expect=405)
    assert requests.get(f"{api.base}/no/such/path", timeout=5).status_code == 401


def test_server_and_types_in_both_formats(api: Api) -> None:
    assert "version" in api.call("GET", "/server/info").json()
    assert xml(api, "/server/info").findtext("version")
    assert xml(api, "/server/state").findtext("current-mode") == "RUNNING"
    names = {found["type"] for found in api.call("GET", "/metadata/type").json()}
    assert {"udm.Environment", "overthere.SshHost", "cmd.Command", "file.File", "aws.Cloud"} <= names
    assert set(texts(xml(api, "/metadata/type"), "/list/descriptor/@type")) == names
    host = xml(api, "/metadata/type/overthere.SshHost")
    assert host.xpath("string(property-descriptors/property-descriptor[@name='address']/@required)") == "true"
    assert host.xpath("control-tasks/control-task/@name") == ["checkConnection"]
    api.call("GET", "/metadata/type/no.Type", expect=400)


def test_permissions_and_orchestrators_are_listed(api: Api) -> None:
    listed = {entry["permissionName"]: entry for entry in api.call("GET", "/metadata/permissions").json()}
    assert listed["deploy#initial"] == {
        "level": "ci",
        "permissionName": "deploy#initial",
        "root": "Environments",
    }
    assert xml(api, "/metadata/permissions").xpath("permission[@permissionName='login']/@level") == ["global"]
    assert "parallel-by-container" in api.call("GET", "/metadata/orchestrators").json()
    assert "default" in texts(xml(api, "/metadata/orchestrators"), "string/text()")


def test_validation_of_items_writes_nothing(api: Api) -> None:
    items = [
        {"id": "Infrastructure/good", "type": "overthere.LocalHost", "os": "UNIX"},
        {"id": "Infrastructure/bad", "type": "overthere.SshHost", "os": "UNIX"},
    ]
    good, bad = api.call("POST", "/repository/validate", items).json()
    assert "validation-messages" not in good
    assert bad["validation-messages"][0]["property"] == "address"
    assert api.ids(parent="Infrastructure") == []


def test_update_of_several_items_creates_what_is_missing(api: Api) -> None:
    api.create("Infrastructure/a", type="overthere.LocalHost", os="UNIX")
    items = [
        {"id": "Infrastructure/a", "type": "overthere.LocalHost", "os": "UNIX", "tags": ["x"]},
        {"id": "Infrastructure/b", "type": "overthere.LocalHost", "os": "UNIX"},
    ]
    assert [found["id"] for found in api.call("PUT", "/repository/cis", items).json()] == [
        "Infrastructure/a",
        "Infrastructure/b",
    ]
    assert api.read("Infrastructure/a")["tags"] == ["x"]
    assert (
        api.call("POST", "/repository/cis/read", ["Infrastructure/b"]).json()[0]["id"] == "Infrastructure/b"
    )
    assert api.call("POST", "/repository/cis/read", []).json() == []


def test_single_pair_is_mapped_whatever_its_tags(api: Api) -> None:
    api.deployable_environment(first="true")
    api.update({**api.read("Applications/app/1/first"), "tags": ["other"]})
    prepared = api.prepare("Applications/app/1", ENVIRONMENT)
    assert prepared["deployeds"] == []
    query = {
        "deployable": "Applications/app/1/first",
        "container": "Infrastructure/host1",
        "deployedtype": "cmd.DeployedCommand",
    }
    mapped = api.call("POST", "/deployment/generate/single", prepared, query=query).json()
    assert [deployed["id"] for deployed in mapped["deployeds"]] == ["Infrastructure/host1/first"]


def test_preview_has_the_blocks_of_a_task_and_makes_none(api: Api) -> None:
    api.deployable_environment(first="true")
    prepared = api.prepare("Applications/app/1", ENVIRONMENT)
    block = api.call("POST", "/deployment/previewblock", prepared).json()
    assert block["blocks"][0]["block"]["description"] == "Deploy app 1 on env"
    step = api.call("POST", "/deployment/previewblock/0_1_1/1", prepared).json()
    assert step["description"] == "Execute first"
    api.call("POST", "/deployment/previewblock/0_1_1/9", prepared, expect=404)
    assert api.call("GET", "/tasks/v2/current/all").json() == []


def test_task_in_every_way_of_reading_it(api: Api) -> None:
    api.deployable_environment(first="echo out; echo err >&2")
    task = api.deploy("Applications/app/1", ENVIRONMENT)
    assert api.finish(task) == "EXECUTED"
    whole = api.call("GET", f"/tasks/v2/{task}").json()
    assert whole["metadata"]["environment_id"] == ENVIRONMENT
    for form in ("full", "summary"):
        assert api.call("GET", f"/tasks/v2/{task}/{form}").json()["id"] == task
    assert api.call("GET", f"/tasks/v2/{task}/block/0_1_1").json()["state"] == "DONE"
    assert "out\nerr" in api.call("GET", f"/tasks/v2/{task}/step-log/0_1_1_1").text
    root = xml(api, f"/tasks/v2/{task}")
    assert (root.get("state"), root.get("owner"), root.get("failures")) == ("EXECUTED", "admin", "0")
    step = xml(api, f"/tasks/v2/{task}/block/0_1_1/step").find("step")
    assert step is not None
    assert step.findtext("metadata/deployed_0") == "Infrastructure/host1/first"
    assert xml(api, f"/tasks/v2/{task}/step/0_1_1_1").get("state") == "DONE"
    api.call("GET", f"/tasks/v2/{task}/step/0_1_1_2", expect=404)
    listed = api.call("GET", f"/environment/{ENVIRONMENT}/deployed-applications").json()
    assert listed == [{"ref": f"{ENVIRONMENT}/app", "type": "udm.DeployedApplication"}]


def test_deployment_goes_round_as_xml(api: Api) -> None:
    api.deployable_environment(first="true")
    path = f"/deployment/prepare/initial?version=Applications/app/1&environment={ENVIRONMENT}"
    body = etree.tostring(xml(api, path))
    answers = []
    for step in ("/deployment/prepare/deployeds", "/deployment/validate", "/deployment"):
        answer = requests.post(
            api.base + step, body, headers={"Content-Type": "application/xml"}, auth=api.auth, timeout=5
        )
        assert answer.status_code == 200, answer.text
        body = answer.content
        answers.append(answer.text)
    assert etree.fromstring(answers[1]).xpath("deployeds/cmd.DeployedCommand/@id") == [
        "Infrastructure/host1/first"
    ]
    # A task id is bare text unless JSON is asked for.
    api.start(answers[-1])
    assert api.finish(answers[-1]) == "EXECUTED"
