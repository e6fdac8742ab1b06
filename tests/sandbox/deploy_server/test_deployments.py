"""Deployments over the wire: mapping, deltas, blocks, files on hosts."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import requests

from cdk_app.sandbox.deploy_server import DeployServer, ServerSettings
from cdk_app.sandbox.deploy_server.deployment.versions import accepts
from tests.sandbox.deploy_server.api import Api

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = "Environments/env"
DEPLOYED = "Environments/env/app"


def descriptions(api: Api, task: str, block: str = "0_1_1") -> list[str]:
    return [step["description"] for step in api.steps(task, block)]


def deployed_ids(deployment: dict[str, Any]) -> list[str]:
    return [deployed["id"] for deployed in deployment["deployeds"]]


def release(api: Api, version: str) -> str:
    """Deploy a version to the end and return its task."""
    task = api.deploy(f"Applications/app/{version}", ENVIRONMENT)
    assert api.finish(task) == "EXECUTED", api.steps(task)
    return task


def grow(api: Api, *names: str) -> None:
    environment = api.read(ENVIRONMENT)
    for name in names:
        api.create(f"Infrastructure/{name}", type="overthere.LocalHost", os="UNIX")
    members = [*environment["members"], *(f"Infrastructure/{name}" for name in names)]
    api.update({**environment, "members": members})


def test_update_keeps_what_is_mapped_and_mapping_adds_the_new_host(api: Api) -> None:
    api.deployable_environment(first="true")
    release(api, "1")
    grow(api, "new")
    query = {"version": "Applications/app/1", "deployedApplication": DEPLOYED}
    update = api.call("GET", "/deployment/prepare/update", query=query).json()
    assert deployed_ids(update) == ["Infrastructure/host1/first"]
    mapped = api.call("POST", "/deployment/prepare/deployeds", update).json()
    assert deployed_ids(mapped) == ["Infrastructure/host1/first", "Infrastructure/new/first"]
    only_old = api.task(update)
    assert descriptions(api, only_old) == ["Register deployeds"]
    both = api.task(mapped)
    assert [step["metadata"]["deployed_0"] for step in api.steps(both)] == ["Infrastructure/new/first"]


def test_same_version_without_change_has_only_the_register_step(api: Api) -> None:
    api.deployable_environment(first="true")
    release(api, "1")
    task = api.task(api.prepare("Applications/app/1", ENVIRONMENT))
    assert descriptions(api, task) == ["Register deployeds"]
    api.call("GET", f"/tasks/v2/{task}/block/0_2", expect=404)


def test_force_redeploy_undoes_and_does_everything_again(api: Api) -> None:
    api.deployable_environment()
    command = {"commandLine": "true", "undoCommandLine": "true"}
    api.create("Applications/app/1/command1", type="cmd.Command", **command)
    release(api, "1")
    prepared = api.prepare("Applications/app/1", ENVIRONMENT)
    prepared["application"]["forceRedeploy"] = "true"
    task = api.task(prepared)
    assert descriptions(api, task) == ["Undo command1", "Execute command1"]
    assert descriptions(api, task, "0_2_1") == ["Register deployeds"]


def test_new_version_changes_adds_and_removes(api: Api, tmp_path: Path) -> None:
    log = tmp_path / "log"
    api.deployable_environment(same="true", changes=f"echo one >> {log}")
    api.create(
        "Applications/app/1/goes",
        type="cmd.Command",
        commandLine="true",
        undoCommandLine=f"echo gone >> {log}",
    )
    release(api, "1")
    api.package("2", same="true", changes=f"echo two >> {log}", comes=f"echo comes >> {log}")
    task = release(api, "2")
    rules = {step["description"]: step["metadata"]["rule"].rpartition("_")[2] for step in api.steps(task)}
    assert rules == {"Undo goes": "DESTROY", "Execute changes": "MODIFY", "Execute comes": "CREATE"}
    assert log.read_text() == "one\ngone\ntwo\ncomes\n"
    application = api.read(DEPLOYED)
    assert application["version"] == "Applications/app/2"
    assert not api.exists("Infrastructure/host1/goes")
    assert api.read("Infrastructure/host1/same")["deployable"] == "Applications/app/2/same"
    api.call("DELETE", "/repository/ci/Applications/app/1", expect=204)


def test_deployed_version_cannot_be_deleted(api: Api) -> None:
    api.deployable_environment(first="true")
    release(api, "1")
    assert "still referenced" in api.call("DELETE", "/repository/ci/Applications/app/1", expect=400).text


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


@pytest.mark.parametrize(
    ("deployable", "container", "mapped"),
    [
        ([], [], True),
        (["a"], [], False),
        ([], ["a"], False),
        (["a", "b"], ["b"], True),
        (["a"], ["b"], False),
        (["*"], [], True),
        ([], ["*"], True),
        (["+"], ["a"], True),
        (["+"], [], False),
    ],
)
def test_tags_decide_the_mapping(api: Api, deployable: list[str], container: list[str], mapped: bool) -> None:
    api.deployable_environment(first="true")
    api.update({**api.read("Applications/app/1/first"), "tags": deployable})
    api.update({**api.read("Infrastructure/host1"), "tags": container})
    assert bool(api.prepare("Applications/app/1", ENVIRONMENT)["deployeds"]) is mapped


def test_placeholders_take_values_of_the_first_dictionary_that_applies(api: Api) -> None:
    api.deployable_environment(hosts=2, first="echo {{name}} {{nested}} {{none}}")
    api.create(
        "Environments/only",
        type="udm.Dictionary",
        entries={"name": "special"},
        restrictToContainers=["Infrastructure/host2"],
    )
    api.create("Environments/all", type="udm.Dictionary", entries={"name": "general", "nested": "<{{name}}>"})
    dictionaries = ["Environments/only", "Environments/all"]
    api.update({**api.read(ENVIRONMENT), "dictionaries": dictionaries})
    prepared = api.prepare("Applications/app/1", ENVIRONMENT)
    assert [deployed["commandLine"] for deployed in prepared["deployeds"]] == [
        "echo general <general> {{none}}",
        "echo special <special> {{none}}",
    ]
    assert list(prepared["application"]["unresolvedPlaceholders"]) == ["none"]


def test_encrypted_entries_reach_password_properties_only(api: Api) -> None:
    api.deployable_environment(first="echo {{pw}}")
    api.create("Environments/d", type="udm.Dictionary", encryptedEntries={"pw": "s3cret"})
    api.update({**api.read(ENVIRONMENT), "dictionaries": ["Environments/d"]})
    assert "s3cret" not in str(api.prepare("Applications/app/1", ENVIRONMENT))
    shown = api.call("GET", "/deployment/dictionary", query={"environment": ENVIRONMENT}).json()
    assert list(shown) == ["pw"]
    assert "s3cret" not in str(shown)
    assert api.read("Environments/d")["encryptedEntries"]["pw"].startswith("e{{b64}")


def test_placeholders_in_files_are_filled(api: Api, tmp_path: Path) -> None:
    api.deployable_environment()
    api.upload("Applications/app/1/file", "file.File", b"hello {{who}}", "a.txt", targetPath=str(tmp_path))
    assert api.read("Applications/app/1/file")["placeholders"] == ["who"]
    prepared = api.prepare("Applications/app/1", ENVIRONMENT)
    checked = api.call("POST", "/deployment/validate", prepared).json()
    assert checked["deployeds"][0]["validation-messages"][0]["property"] == "placeholders"
    api.call("POST", "/deployment", prepared, expect=400)
    api.create("Environments/d", type="udm.Dictionary", entries={"who": "world"})
    api.update({**api.read(ENVIRONMENT), "dictionaries": ["Environments/d"]})
    release(api, "1")
    assert (tmp_path / "a.txt").read_text() == "hello world"


def test_special_values_keep_a_placeholder_or_leave_nothing(api: Api, tmp_path: Path) -> None:
    api.deployable_environment()
    content = b"[{{ kept }}] [{{gone}}]"
    api.upload("Applications/app/1/file", "file.File", content, "a.txt", targetPath=str(tmp_path))
    entries = {"kept": "<ignore>", "gone": "<empty>"}
    api.create("Environments/d", type="udm.Dictionary", entries=entries)
    api.update({**api.read(ENVIRONMENT), "dictionaries": ["Environments/d"]})
    release(api, "1")
    assert (tmp_path / "a.txt").read_text() == "[{{ kept }}] []"


def test_validation_finds_doubles_and_what_another_application_owns(api: Api) -> None:
    api.deployable_environment(first="true")
    release(api, "1")
    prepared = api.prepare("Applications/app/1", ENVIRONMENT)
    doubled = {**prepared, "deployeds": prepared["deployeds"] * 2}
    assert "validation-messages" in api.call("POST", "/deployment/validate", doubled).json()["deployeds"][0]
    api.call("POST", "/deployment", doubled, expect=400)
    api.create("Applications/other", type="udm.Application")
    api.create("Applications/other/1", type="udm.DeploymentPackage")
    api.create("Applications/other/1/first", type="cmd.Command", commandLine="true")
    refused = api.call("POST", "/deployment", api.prepare("Applications/other/1", ENVIRONMENT), expect=400)
    assert DEPLOYED in refused.text


def test_client_may_leave_deployeds_out_and_next_update_returns_what_was_deployed(api: Api) -> None:
    api.deployable_environment(first="true", second="true")
    prepared = api.prepare("Applications/app/1", ENVIRONMENT)
    task = api.task({**prepared, "deployeds": prepared["deployeds"][:1]})
    api.start(task)
    assert api.finish(task) == "EXECUTED"
    query = {"version": "Applications/app/1", "deployedApplication": DEPLOYED}
    update = api.call("GET", "/deployment/prepare/update", query=query).json()
    assert deployed_ids(update) == ["Infrastructure/host1/first"]
    selected = api.call(
        "POST", "/deployment/generate/selected", update, query={"deployables": "Applications/app/1/second"}
    ).json()
    assert deployed_ids(selected) == ["Infrastructure/host1/first", "Infrastructure/host1/second"]


def test_orchestrators_cut_the_work_into_blocks(api: Api) -> None:
    api.deployable_environment(hosts=2, first="true", second="true")
    for orchestrator, parallel in (("parallel-by-container", True), ("sequential-by-container", False)):
        prepared = api.prepare("Applications/app/1", ENVIRONMENT)
        prepared["application"]["orchestrator"] = [orchestrator]
        task = api.task(prepared)
        block = api.call("GET", f"/tasks/v2/{task}/block/0_1_1").json()
        assert block["parallel"] is parallel
        assert [inner["id"] for inner in block["blocks"]] == ["0_1_1_1", "0_1_1_2"]
        assert descriptions(api, task, "0_1_1_2") == ["Execute first", "Execute second"]
        api.start(task)
        assert api.finish(task) == "EXECUTED"
        api.call("DELETE", f"/repository/ci/{DEPLOYED}", expect=204)


def test_unknown_orchestrator_is_refused(api: Api) -> None:
    api.deployable_environment(first="true")
    prepared = api.prepare("Applications/app/1", ENVIRONMENT)
    prepared["application"]["orchestrator"] = ["by-magic"]
    assert "by-magic" in api.call("POST", "/deployment", prepared, expect=400).text


def test_empty_package_deploys_with_the_register_step_only(api: Api) -> None:
    api.deployable_environment()
    task = release(api, "1")
    assert descriptions(api, task) == ["Register deployeds"]
    assert api.read(DEPLOYED)["deployeds"] == []


def test_creating_a_task_writes_nothing_and_is_no_lock(api: Api) -> None:
    api.deployable_environment(first="true")
    stale = api.task(api.prepare("Applications/app/1", ENVIRONMENT))
    assert not api.exists(DEPLOYED)
    release(api, "1")
    assert api.state(stale) == "PENDING"


def test_uploaded_package_is_imported_with_its_contents(api: Api, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "deployit-manifest.xml",
            f"""<udm.DeploymentPackage version="1" application="app">
            <orchestrator><value>parallel-by-container</value></orchestrator>
            <deployables>
              <file.File name="file" file="file/a.txt"><targetPath>{tmp_path}/f</targetPath>
                <createTargetPath>true</createTargetPath><tags/></file.File>
              <file.Folder name="folder" file="folder"><targetPath>{tmp_path}/d</targetPath></file.Folder>
            </deployables></udm.DeploymentPackage>""",
        )
        archive.writestr("file/a.txt", "content")
        archive.writestr("folder/x/b.txt", "deep")
    answer = requests.post(
        f"{api.base}/package/upload/app-1.dar",
        files={"fileData": ("app-1.dar", packed.getvalue())},
        headers={"Accept": "application/json"},
        auth=api.auth,
        timeout=5,
    )
    assert answer.json()["id"] == "Applications/app/1"
    assert answer.json()["orchestrator"] == ["parallel-by-container"]
    api.create("Infrastructure/host1", type="overthere.LocalHost", os="UNIX")
    api.create(ENVIRONMENT, type="udm.Environment", members=["Infrastructure/host1"])
    release(api, "1")
    assert (tmp_path / "f" / "a.txt").read_text() == "content"
    assert (tmp_path / "d" / "x" / "b.txt").read_text() == "deep"


def test_a_deployment_of_type_and_application_only_is_enough(api: Api) -> None:
    api.deployable_environment(first="true")
    application = {"version": "Applications/app/1", "environment": ENVIRONMENT}
    mapped = api.call(
        "POST", "/deployment/prepare/deployeds", {"type": "INITIAL", "application": application}
    )
    assert deployed_ids(mapped.json()) == ["Infrastructure/host1/first"]


def test_dependencies_are_deployed_along_in_order(api: Api, tmp_path: Path) -> None:
    log = tmp_path / "log"
    api.deployable_environment(run=f"echo app >> {log}")
    for name, versions in (("base", ("1.9", "1.10", "2.0")), ("middle", ("1.0",))):
        api.create(f"Applications/{name}", type="udm.Application")
        for version in versions:
            needs = {"base": "[1.0,2.0)"} if name == "middle" else {}
            package = f"Applications/{name}/{version}"
            api.create(package, type="udm.DeploymentPackage", applicationDependencies=needs)
            line = f"echo {name} {version} >> {log}"
            api.create(f"{package}/run-{name}", type="cmd.Command", commandLine=line)
    item = api.read("Applications/app/1")
    orchestrators = ["sequential-by-dependency"]
    api.update({**item, "applicationDependencies": {"middle": "1.0"}, "orchestrator": orchestrators})

    prepared = api.prepare("Applications/app/1", ENVIRONMENT)
    required = [found["application"]["version"] for found in prepared["requiredDeployments"]]
    assert required == ["Applications/base/1.10", "Applications/middle/1.0"]
    task = api.task(prepared)
    api.start(task)
    assert api.finish(task) == "EXECUTED"
    assert log.read_text() == "base 1.10\nmiddle 1.0\napp\n"
    assert len(api.steps(task, "0_2_1")) == 3

    undeploy = {"deployedApplication": f"{ENVIRONMENT}/base"}
    refused = api.call("GET", "/deployment/prepare/undeploy", expect=400, query=undeploy)
    assert refused.text == (
        "Application &#34;base&#34; cannot be undeployed, because the deployed application &#34;middle&#34; "
        "depends on its current version. It requires a version compatible with &#39;[1.0,2.0)&#39;."
    )
    update = {"version": "Applications/base/2.0", "deployedApplication": f"{ENVIRONMENT}/base"}
    refused = api.call("GET", "/deployment/prepare/update", expect=400, query=update)
    assert refused.text.startswith('Application "Applications/base" cannot be upgraded')
    api.call("GET", "/deployment/prepare/update", query={**update, "version": "Applications/base/1.9"})
    assert api.prepare("Applications/app/1", ENVIRONMENT)["requiredDeployments"] == []


@pytest.mark.parametrize(
    ("requirement", "version", "fits"),
    [
        ("1.0", "1.0", True),
        ("1.0", "1", True),
        ("1.0", "1.1", False),
        ("[1.0,2.0)", "1.10", True),
        ("[1.0,2.0)", "2.0", False),
        ("(1.0,2.0]", "1.0", False),
        ("(1.0,2.0]", "2.0", True),
        ("[1.0,]", "9", True),
        ("(,2.0)", "0.1", True),
        ("[1.0,2.0)", "1.0-SNAPSHOT", True),
    ],
)
def test_ranges_of_versions(requirement: str, version: str, fits: bool) -> None:
    assert accepts(requirement, version) is fits


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
