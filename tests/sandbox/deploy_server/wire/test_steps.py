from __future__ import annotations

from typing import Literal

import pytest
import requests
from lxml import etree

from cdk_app.sandbox.deploy_server import DeployServer
from cdk_app.sandbox.deploy_server.settings import Behaviour, ServerSettings
from tests.sandbox.deploy_server.api import Api


def pending_step(api: Api) -> str:
    """Path below the API of the block whose only step would run a command on one host."""
    items = [
        {"id": "Infrastructure/host", "type": "overthere.LocalHost", "os": "UNIX"},
        {"id": "Environments/env", "type": "udm.Environment", "members": ["Infrastructure/host"]},
        {"id": "Applications/app", "type": "udm.Application"},
        {"id": "Applications/app/1", "type": "udm.DeploymentPackage"},
        {"id": "Applications/app/1/run", "type": "cmd.Command", "commandLine": "true"},
    ]
    api.call("POST", "/repository/cis", items)
    ends = {"version": "Applications/app/1", "environment": "Environments/env"}
    prepared = api.call("GET", "/deployment/prepare/initial", query=ends).json()
    mapped = api.call("POST", "/deployment/prepare/deployeds", prepared).json()
    return f"/tasks/v2/{api.call('POST', '/deployment', mapped).json()['string']}/block/0_1_1/step"


@pytest.mark.parametrize(("setting", "shown"), [("both", True), ("xml", False)])
def test_metadata_of_steps_is_shown_in_xml_and_by_default_in_json(
    setting: Literal["both", "xml"], shown: bool
) -> None:
    with DeployServer(ServerSettings(behaviour=Behaviour(step_metadata=setting))) as server:
        api = Api(server.url)
        path = pending_step(api)
        (in_json,) = api.call("GET", path).json()["steps"]
        answer = requests.get(server.url + path, auth=api.auth, timeout=10)
    in_xml = etree.fromstring(answer.content)
    assert in_xml.findtext("step/metadata/deployed_0") == "Infrastructure/host/run"
    assert ("metadata" in in_json) is shown
    if shown:
        assert in_json["metadata"]["deployed_0"] == "Infrastructure/host/run"
