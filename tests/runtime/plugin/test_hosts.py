from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from cdk_app.source import plugin_source
from tests.runtime.plugin.conftest import nested

if TYPE_CHECKING:
    from tests.runtime.plugin.conftest import Call

TEMPLATE: dict[str, Any] = {
    "id": "Configuration/aws/123456789012/us-west-2/web",
    "os": "UNIX",
    "connectionType": "SFTP",
    "port": 22,
    "username": "ec2-user",
    "privateKey": "-----BEGIN",
    "jumpstation": "Infrastructure/bastion",
    "tags": ["web"],
    "autoScalingGroup": "web",
    "environment": "Environments/web",
}
ENVIRONMENT = {
    "id": "Environments/web",
    "type": "udm.Environment",
    "$token": "t",
    "members": ["Infrastructure/x"],
}


def group(template: dict[str, Any]) -> dict[str, object]:
    return nested(
        "groups.Group", "web", template, "Environments/web", "Infrastructure/aws/web", "s", "c", "us-west-2"
    )


def instance(address: str | None = "10.20.3.4") -> dict[str, object]:
    return nested("instances.Instance", "i-1234567890abcdef0", "InService", "stays", True, address)


def test_a_host_has_the_templates_connection_and_the_instances_address(call: Call) -> None:
    assert call("hosts.host", group(TEMPLATE), instance())["value"] == {
        "id": "Infrastructure/aws/web/web-i-1234567890abcdef0",
        "type": "overthere.SshHost",
        "address": "10.20.3.4",
        "os": "UNIX",
        "connectionType": "SFTP",
        "port": 22,
        "username": "ec2-user",
        "privateKey": "-----BEGIN",
        "jumpstation": "Infrastructure/bastion",
        "tags": ["web"],
    }


def test_a_masked_secret_is_never_written(call: Call) -> None:
    answer = call("hosts.host", group({**TEMPLATE, "privateKey": "********"}), instance())
    assert answer["refused"] == 422
    assert "privateKey" in answer["reason"]
    assert "privateKeyFile or credentials" in answer["reason"]


def test_members_are_added_and_taken_out_once(call: Call) -> None:
    host = "Infrastructure/aws/web/web-i-1"
    added = call("hosts.with_member", ENVIRONMENT, host)["value"]
    assert added == {**ENVIRONMENT, "members": ["Infrastructure/x", host]}
    assert call("hosts.with_member", added, host)["value"] is None
    assert call("hosts.without_member", added, host)["value"] == ENVIRONMENT
    assert call("hosts.without_member", ENVIRONMENT, host)["value"] is None


def test_an_environment_with_a_masked_secret_is_never_written(call: Call) -> None:
    guarded = {**ENVIRONMENT, "token": "********"}
    for change, host in (("with_member", "Infrastructure/y"), ("without_member", "Infrastructure/x")):
        assert call(f"hosts.{change}", guarded, host) == {
            "refused": 422,
            "reason": "Environments/web: its token reads masked; keep it in an encrypted dictionary",
        }
    assert call("hosts.with_member", guarded, "Infrastructure/x")["value"] is None


def test_references_of_every_known_shape(call: Call) -> None:
    shapes = ["a", {"ci-ref": "b"}, {"ref": "c", "type": "t"}, {"ci": "d"}, {"id": "e", "type": "t"}]
    assert call("hosts.references", shapes)["value"] == ["a", "b", "c", "d", "e"]


def test_the_scripts_know_every_property_of_the_template_type(call: Call) -> None:
    root = etree.parse(plugin_source() / "synthetic.xml").getroot()
    declared = {
        str(prop.get("name"))
        for kind in root
        if kind.get("type") == "aws.asg.ec2SshHostTemplate"
        for prop in kind
        if prop.get("name")
    }
    copied, settings = call("hosts.COPIED")["value"], call("groups.SETTINGS")["value"]
    assert declared == {*copied, *settings, "address"}
