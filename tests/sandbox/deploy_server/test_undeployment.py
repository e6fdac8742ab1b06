"""Undeployment, rollback, and hosts that leave a deployment or came with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server import DeployServer, ServerSettings
from tests.sandbox.deploy_server.api import Api
from tests.sandbox.deploy_server.deployments import DEPLOYED, ENVIRONMENT, release

if TYPE_CHECKING:
    from pathlib import Path


def test_host_leaves_by_being_taken_from_the_deployment(api: Api) -> None:
    api.deployable_environment(hosts=2, first="true")
    release(api, "1")
    environment = api.read(ENVIRONMENT)
    api.update({**environment, "members": ["Infrastructure/host1"]})
    update = api.prepare("Applications/app/1", ENVIRONMENT)
    assert len(update["deployeds"]) == 2, "a container that has left stays mapped by default"
    kept = [deployed for deployed in update["deployeds"] if "host2" not in deployed["id"]]
    task = api.task({**update, "deployeds": kept})
    api.start(task)
    assert api.finish(task) == "EXECUTED"
    api.call("DELETE", "/repository/ci/Infrastructure/host2", expect=204)


def test_undeploy_removes_files_and_registration(api: Api, tmp_path: Path) -> None:
    api.deployable_environment()
    api.upload("Applications/app/1/file", "file.File", b"text", "a.txt", targetPath=str(tmp_path))
    release(api, "1")
    assert (tmp_path / "a.txt").read_text() == "text"
    prepared = api.call("GET", "/deployment/prepare/undeploy", query={"deployedApplication": DEPLOYED}).json()
    assert prepared["type"] == "UNDEPLOYMENT"
    task = api.task(prepared)
    api.start(task)
    assert api.finish(task) == "EXECUTED"
    assert not (tmp_path / "a.txt").exists()
    assert not api.exists(DEPLOYED)
    assert api.ids(parent="Infrastructure/host1") == []
    query = {"application": "Applications/app", "environment": ENVIRONMENT}
    assert api.call("GET", "/deployment/exists", query=query).json() == {"boolean": False}


def test_rollback_of_an_update_and_of_a_first_deployment(api: Api, tmp_path: Path) -> None:
    api.deployable_environment()
    api.upload("Applications/app/1/file", "file.File", b"one", "a.txt", targetPath=str(tmp_path))
    first = release(api, "1")
    api.create("Applications/app/2", type="udm.DeploymentPackage")
    api.upload("Applications/app/2/file", "file.File", b"two", "a.txt", targetPath=str(tmp_path))
    second = release(api, "2")
    assert (tmp_path / "a.txt").read_text() == "two"
    for task, content, version in ((second, "one", "Applications/app/1"), (first, None, None)):
        back = str(api.call("POST", f"/deployment/rollback/{task}").json()["string"])
        assert api.call("GET", f"/tasks/v2/{back}").json()["metadata"]["taskType"] == "ROLLBACK"
        api.start(back)
        assert api.finish(back) == "EXECUTED"
        file = tmp_path / "a.txt"
        assert (file.read_text() if file.exists() else None) == content
        assert (api.read(DEPLOYED)["version"] if api.exists(DEPLOYED) else None) == version


def test_rollback_of_a_failed_first_deployment_undoes_the_finished_part(api: Api, tmp_path: Path) -> None:
    api.deployable_environment(last="false")
    api.upload("Applications/app/1/file", "file.File", b"one", "a.txt", targetPath=str(tmp_path))
    api.update({**api.read("Applications/app/1/last"), "order": "90"})
    task = api.deploy("Applications/app/1", ENVIRONMENT)
    assert api.finish(task) == "FAILED"
    assert (tmp_path / "a.txt").exists()
    back = str(api.call("POST", f"/deployment/rollback/{task}").json()["string"])
    api.start(back)
    assert api.finish(back) == "EXECUTED"
    assert not (tmp_path / "a.txt").exists()
    assert not api.exists(DEPLOYED)


CONTAINERS = """<synthetic xmlns="http://www.xebialabs.com/deployit/synthetic" xmlns:s="urn:deploy-stand-in">
  <type type="demo.Instance" extends="udm.BaseDeployed" deployable-type="demo.InstanceSpec"
        container-type="overthere.Host" s:implements="udm.Container udm.Taggable">
    <generate-deployable type="demo.InstanceSpec" extends="udm.BaseDeployable"/>
    <property name="size" kind="integer" default="1" required="false"/>
    <property name="zone">
      <rule type="regex" pattern="[a-c]" message="There are zones a, b and c"/>
    </property>
  </type>
</synthetic>"""


def test_deployed_containers_join_the_environment_and_leave_it_again(tmp_path: Path) -> None:
    plugin = tmp_path / "synthetic.xml"
    plugin.write_text(CONTAINERS)
    with DeployServer(ServerSettings(plugins=(plugin,))) as server:
        api = Api(server.url)
        api.deployable_environment()
        properties = {"type": "demo.InstanceSpec", "zone": "{{zone}}", "size": "{{size}}"}
        spec = api.create("Applications/app/1/instance", **properties)
        prepared = api.prepare("Applications/app/1", ENVIRONMENT)
        assert "There are zones a, b and c" in api.call("POST", "/deployment", prepared, expect=400).text
        entries = {"zone": "b", "size": "3"}
        api.create("Environments/d", type="udm.Dictionary", entries=entries)
        api.update({**api.read(ENVIRONMENT), "dictionaries": ["Environments/d"]})
        release(api, "1")
        instance = api.read("Infrastructure/host1/instance")
        assert (spec["size"], instance["size"], instance["zone"]) == ("{{size}}", 3, "b")
        members = ["Infrastructure/host1", "Infrastructure/host1/instance"]
        assert api.read(ENVIRONMENT)["members"] == members
        undeploy = {"deployedApplication": DEPLOYED}
        task = api.task(api.call("GET", "/deployment/prepare/undeploy", query=undeploy).json())
        api.start(task)
        assert api.finish(task) == "EXECUTED", api.steps(task)
        assert api.read(ENVIRONMENT)["members"] == members[:1]
