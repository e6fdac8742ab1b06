"""The items that a group seeds in Deploy."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from cdk_app import CredentialsItem, DeployedAutoScalingGroup, HostTemplate, KeyFile
from tests.cdk_app.group.built import only, settings, template_with
from tests.cdk_app.references import written


class TestItems:
    """What is created in Deploy."""

    def seeded(self, template: dict[str, Any]) -> list[dict[str, Any]]:
        (items,) = (
            written(resource["Properties"]["Items"])
            for resource in template["Resources"].values()
            if resource["Type"] == "Custom::DeploySeed" and resource["Properties"]["Name"] != "hub"
        )
        result: list[dict[str, Any]] = items
        return result

    def test_environment_directory_and_template(self, template: dict[str, Any]) -> None:
        items = self.seeded(template)
        assert [(item["id"].rpartition("/")[0].partition("/")[0], item["type"]) for item in items] == [
            ("Environments", "udm.Environment"),
            ("Infrastructure", "core.Directory"),
            ("Configuration", "aws.asg.ec2SshHostTemplate"),
        ]

    def test_a_server_without_the_plugin_gets_a_plain_host_that_nothing_answers_for(
        self, template: dict[str, Any]
    ) -> None:
        *_, preferred = self.seeded(template)
        plain = preferred["otherwise"]
        assert plain["type"] == "overthere.SshHost"
        assert plain["properties"] == {
            "os": "UNIX",
            "connectionType": "SFTP",
            "port": "22",
            "username": "ec2-user",
            "address": "192.0.2.1",
            "jumpstation": settings(template)["jumpstation"],
        }
        assert plain["secretProperties"] == settings(template)["secretProperties"]

    def test_a_credentials_item_replaces_user_and_key(self) -> None:
        built = template_with(
            lambda stack, hub: DeployedAutoScalingGroup(
                stack,
                "Web",
                hub=hub,
                max_capacity=4,
                login=CredentialsItem(ci_id="Configuration/operations"),
            )
        )
        *_, item = self.seeded(built)
        assert item["properties"]["credentials"] == "Configuration/operations"
        assert "username" not in item["properties"]
        assert "secretProperties" not in item
        assert settings(built)["secretProperties"] == {}
        assert "KeyName" not in only(built, "AWS::EC2::LaunchTemplate")[1]["LaunchTemplateData"]

    def test_a_key_file_on_the_server_is_a_path_and_no_secret(self) -> None:
        built = template_with(
            lambda stack, hub: DeployedAutoScalingGroup(
                stack, "Web", hub=hub, max_capacity=4, login=KeyFile(path="/opt/deploy/web.pem")
            )
        )
        *_, item = self.seeded(built)
        assert item["properties"]["privateKeyFile"] == "/opt/deploy/web.pem"
        assert "secretProperties" not in item
        launch = only(built, "AWS::EC2::LaunchTemplate")[1]["LaunchTemplateData"]
        assert launch["KeyName"]["Ref"].startswith("HubKeyPair")

    @pytest.mark.parametrize("kind", ["private-ipv4", "private-dns"])
    def test_hosts_are_addressed_as_the_template_says(
        self, kind: Literal["private-ipv4", "private-dns"]
    ) -> None:
        built = template_with(
            lambda stack, hub: DeployedAutoScalingGroup(
                stack, "Web", hub=hub, max_capacity=4, host_template=HostTemplate(address=kind)
            )
        )
        assert settings(built).get("address", "private-ipv4") == kind

    def test_sudo_and_order(self) -> None:
        built = template_with(
            lambda stack, hub: DeployedAutoScalingGroup(
                stack,
                "Web",
                hub=hub,
                max_capacity=4,
                host_template=HostTemplate.sudo("root"),
                application_order=["database", "shop"],
            )
        )
        *_, item = self.seeded(built)
        assert item["properties"]["connectionType"] == "SUDO"
        assert item["properties"]["sudoUsername"] == "root"
        assert settings(built)["order"] == ["database", "shop"]
