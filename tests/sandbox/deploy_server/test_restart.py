"""What a server with a data directory keeps over a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server import DeployServer, ServerSettings
from tests.sandbox.deploy_server.api import Api, wait_for

if TYPE_CHECKING:
    from pathlib import Path


def start(directory: Path) -> DeployServer:
    return DeployServer(ServerSettings(data_directory=directory))


def test_items_keep_ids_tokens_and_secrets(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        api = Api(server.url)
        host = {"type": "overthere.SshHost", "os": "UNIX", "address": "192.0.2.1", "password": "s3cret"}
        before = api.create("Infrastructure/host", **host)
        api.create("Environments/env", type="udm.Environment", members=["Infrastructure/host"])
    with start(tmp_path) as server:
        api = Api(server.url)
        assert api.read("Infrastructure/host") == before
        assert api.read("Environments/env")["members"] == ["Infrastructure/host"]
        refused = api.call("DELETE", "/repository/ci/Infrastructure/host", expect=None)
        assert "still referenced by Environments/env" in refused.text
    assert b"s3cret" not in b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())


def test_running_task_has_failed_and_can_be_continued(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    with start(tmp_path / "data") as server:
        api = Api(server.url)
        # Waits at the first run only, so that the restart hits it and the retry does not.
        api.deployable_environment(
            first=f"test -e {marker} || {{ touch {marker}; sleep 60; }}", second="true"
        )
        task = api.deploy("Applications/app/1", "Environments/env")
        wait_for(marker.exists)
    with start(tmp_path / "data") as server:
        api = Api(server.url)
        assert api.state(task) == "FAILED"
        assert [step["state"] for step in api.steps(task)] == ["FAILED", "PENDING"]
        api.start(task)
        wait_for(lambda: api.state(task) == "EXECUTED")
        assert [step["failures"] for step in api.steps(task)] == [1, 0]
        assert len(api.read("Environments/env/app")["deployeds"]) == 2


def test_users_roles_tokens_and_permissions_are_kept(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        api = Api(server.url)
        api.create("Environments/dir", type="core.Directory")
        api.user("jane", "pw", "login", "read@Environments/dir")
        token = server.issue_token("jane")
    with start(tmp_path) as server:
        assert Api(server.url, ("jane", "pw")).read("Environments/dir")["type"] == "core.Directory"
        assert Api(server.url, ("", token)).exists("Environments/dir")


def test_encrypted_entries_of_files_are_not_in_the_data_and_reach_the_file(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    with start(tmp_path / "data") as server:
        api = Api(server.url)
        api.deployable_environment()
        api.upload("Applications/app/1/file", "file.File", b"pw={{pw}}", "a.txt", targetPath=str(target))
        api.create("Environments/d", type="udm.Dictionary", encryptedEntries={"pw": "s3cret"})
        api.update({**api.read("Environments/env"), "dictionaries": ["Environments/d"]})
        task = api.task(api.prepare("Applications/app/1", "Environments/env"))
    kept = [file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file()]
    assert b"s3cret" not in b"".join(kept)
    with start(tmp_path / "data") as server:
        api = Api(server.url)
        api.start(task)
        assert api.finish(task) == "EXECUTED"
    assert (target / "a.txt").read_text() == "pw=s3cret"


def test_artifact_content_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    with start(tmp_path / "data") as server:
        api = Api(server.url)
        api.deployable_environment(first="true")
        api.upload("Applications/app/1/file", "file.File", b"content\n", "a.txt", targetPath=str(target))
    with start(tmp_path / "data") as server:
        api = Api(server.url)
        task = api.deploy("Applications/app/1", "Environments/env")
        wait_for(lambda: api.state(task) == "EXECUTED")
    assert (target / "a.txt").read_text() == "content\n"
