from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from cdk_app.plugin_archive import build_plugin
from cdk_app.sandbox.deploy_server import Behaviour, ServerSettings
from cdk_app.sandbox.deploy_server.composition import compose
from cdk_app.sandbox.deploy_server.extension import ServiceError
from cdk_app.sandbox.deploy_server.extension.services import ScriptServices
from cdk_app.sandbox.deploy_server.remoting import DirectNetwork
from cdk_app.sandbox.deploy_server.repository.model import Draft
from cdk_app.sandbox.deploy_server.security.model import User

ADMIN, STRANGER = User("admin"), User("stranger")
SERVER = "Configuration/deploy"
LOGIN = {"url": "https://deploy.example.com", "username": "plugin", "password": "in clear"}
Secrets = Literal["clear", "encrypted", "masked"]


def services(directory: Path, user: User = ADMIN, secrets: Secrets = "clear") -> ScriptServices:
    settings = ServerSettings(plugins=(build_plugin(directory),), behaviour=Behaviour(script_secrets=secrets))
    deploy = compose(settings, DirectNetwork())
    deploy.repository.create(ADMIN, [Draft(SERVER, "deploy.server", LOGIN)])
    return ScriptServices(deploy, user)


def test_secrets_are_shown_as_the_setting_says(tmp_path: Path) -> None:
    shown = {}
    for form in ("clear", "encrypted", "masked"):
        calls = services(tmp_path, secrets=form)
        item: Any = calls("read", SERVER)
        shown[form] = item["properties"]["password"]
        if form == "encrypted":
            assert shown[form].startswith("{b64}")
            assert calls("decrypt", shown[form]) == "in clear"
    assert (shown["clear"], shown["masked"]) == ("in clear", "********")


def test_every_property_is_there_set_or_not(tmp_path: Path) -> None:
    item: Any = services(tmp_path)("read", SERVER)
    assert item["properties"] == {**LOGIN, "token": None, "certificates": None}


def test_references_are_told_with_their_types(tmp_path: Path) -> None:
    calls = services(tmp_path)
    template = {"address": "192.0.2.1", "server": SERVER, "tags": ["a"]}
    made: Any = calls("create", "Configuration/web", "aws.asg.ec2SshHostTemplate", template)
    assert made["properties"]["server"] == {"$reference": SERVER, "type": "deploy.server"}
    assert made["properties"]["tags"] == ["a"]
    assert calls("query", "aws.asg.ec2SshHostTemplate", None, None, None, 0, -1) == [
        {"id": "Configuration/web", "type": "aws.asg.ec2SshHostTemplate"}
    ]


def test_items_are_changed_and_deleted(tmp_path: Path) -> None:
    calls = services(tmp_path)
    changed: Any = calls("update", SERVER, "deploy.server", {**LOGIN, "username": "other"})
    assert changed["properties"]["username"] == "other"
    calls("delete", SERVER)
    assert calls("exists", SERVER) is False


@pytest.mark.parametrize(
    ("user", "call", "kind"),
    [
        (ADMIN, ("read", "Configuration/none"), "NotFoundException"),
        (STRANGER, ("read", SERVER), "PermissionDeniedException"),
        (STRANGER, ("delete", SERVER), "PermissionDeniedException"),
        (ADMIN, ("type", "no.such.Type"), "DeployitException"),
        (ADMIN, ("create", SERVER, "deploy.server", LOGIN), "DeployitException"),
    ],
)
def test_refusals_have_the_classes_that_scripts_know(
    tmp_path: Path, user: User, call: tuple[Any, ...], kind: str
) -> None:
    with pytest.raises(ServiceError) as refused:
        services(tmp_path, user)(*call)
    assert refused.value.class_name == kind


def test_a_script_sees_only_what_its_caller_may_read(tmp_path: Path) -> None:
    assert services(tmp_path, STRANGER)("query", "deploy.server", None, None, None, 0, -1) == []
