"""Placeholders and the dictionaries that give them values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.deploy_server.deployments import ENVIRONMENT, release

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.deploy_server.api import Api


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
