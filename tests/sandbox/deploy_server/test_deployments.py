"""Deployments over the wire: mapping, deltas, blocks, uploaded packages."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest
import requests

from tests.sandbox.deploy_server.deployments import (
    DEPLOYED,
    ENVIRONMENT,
    deployed_ids,
    descriptions,
    grow,
    release,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.deploy_server.api import Api


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
