"""The groups' settings in Parameter Store against recorded answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from runtime.aws.registry import Registry
from runtime.reconciliation.config import Hooks
from runtime.reconciliation.errors import Fatal, Skip

if TYPE_CHECKING:
    from tests.runtime.aws.stubs import Aws

PARAMETER: dict[str, Any] = {
    "autoScalingGroup": "shop/web",
    "environment": "Environments/{group}",
    "infrastructure": "Infrastructure/aws/1/eu/{group}",
    "templates": ["Configuration/aws/1/eu/{group}"],
    "jumpstation": "Infrastructure/aws/1/eu/bastion",
    "secretProperties": {"privateKey": {"parameter": "/ec2/keypair/key-1"}},
    "hooks": {"launch": "deploy", "terminate": "undeploy", "timeout": 1800},
    "onFailure": "CONTINUE",
    "something": "of next year",
}


class TestRegistry:
    def group(self, aws: Aws, value: str) -> Registry:
        aws.stubs["ssm"].add_response(
            "get_parameter", {"Parameter": {"Value": value}}, {"Name": "/hub/groups/web"}
        )
        return Registry(aws["ssm"], "/hub/groups/")

    def test_a_parameter_becomes_a_configuration_with_the_groups_ci_name(self, aws: Aws) -> None:
        found = self.group(aws, json.dumps(PARAMETER)).group("web")
        assert found.environment == "Environments/shop_x002F_web"
        assert found.host_id("i-1") == "Infrastructure/aws/1/eu/shop_x002F_web/shop_x002F_web-i-1"
        assert found.templates == ("Configuration/aws/1/eu/shop_x002F_web",)
        assert found.hooks == Hooks("deploy", "undeploy", 1800)
        assert found.on_failure == "CONTINUE"

    @pytest.mark.parametrize("key", ["autoScalingGroup", "environment", "infrastructure", "templates"])
    def test_a_missing_key_is_named(self, aws: Aws, key: str) -> None:
        less = {name: value for name, value in PARAMETER.items() if name != key}
        with pytest.raises(Fatal, match=f"the parameter of group web lacks '{key}'"):
            self.group(aws, json.dumps(less)).group("web")

    @pytest.mark.parametrize("changes", [{"hooks": None}, {"hooks": {}}, {"jumpstation": None}])
    def test_hooks_and_jumpstation_may_be_absent(self, aws: Aws, changes: dict[str, Any]) -> None:
        found = self.group(aws, json.dumps(PARAMETER | changes)).group("web")
        assert None in (found.jumpstation, found.hooks.launch)

    def test_the_kind_of_address_is_one_of_three(self, aws: Aws) -> None:
        assert self.group(aws, json.dumps(PARAMETER)).group("web").address == "private-ipv4"
        for kind in ("private-dns", "ipv6"):
            assert self.group(aws, json.dumps(PARAMETER | {"address": kind})).group("web").address == kind
        with pytest.raises(Fatal, match="has address public, expected private-ipv4, private-dns or ipv6"):
            self.group(aws, json.dumps(PARAMETER | {"address": "public"})).group("web")

    @pytest.mark.parametrize(("value", "text"), [("{", "is not JSON"), ("[]", "not a JSON object")])
    def test_a_broken_parameter_is_named(self, aws: Aws, value: str, text: str) -> None:
        with pytest.raises(Fatal, match=text):
            self.group(aws, value).group("web")

    def test_an_unknown_group_is_skipped(self, aws: Aws) -> None:
        aws.stubs["ssm"].add_client_error("get_parameter", "ParameterNotFound")
        with pytest.raises(Skip):
            Registry(aws["ssm"], "/hub/groups").group("web")

    def test_the_names_of_all_groups_are_read_page_by_page_and_kept_for_a_minute(self, aws: Aws) -> None:
        now = [0.0]
        pages: list[tuple[dict[str, Any], dict[str, str]]] = [
            ({"web": json.dumps(PARAMETER), "broken": "{"}, {"NextToken": "more"}),
            ({"api": json.dumps(PARAMETER | {"autoScalingGroup": "api"})}, {}),
            ({}, {}),
        ]
        for parameters, token in pages:
            listed = [{"Name": f"/hub/groups/{key}", "Value": value} for key, value in parameters.items()]
            aws.stubs["ssm"].add_response(
                "get_parameters_by_path",
                {"Parameters": listed, **token},
                {"Path": "/hub/groups", **({"NextToken": "more"} if "api" in parameters else {})},
            )
        registry = Registry(aws["ssm"], "/hub/groups/", lambda: now[0])
        assert [registry.names(), registry.names()] == [{"web": "shop/web", "api": "api"}] * 2
        now[0] = 61.0
        assert registry.names() == {}

    def test_a_configuration_is_kept_for_a_minute(self, aws: Aws) -> None:
        now = [0.0]
        for environment in ("Environments/a", "Environments/b"):
            value = json.dumps(PARAMETER | {"environment": environment})
            aws.stubs["ssm"].add_response("get_parameter", {"Parameter": {"Value": value}})
        registry = Registry(aws["ssm"], "/hub/groups", lambda: now[0])
        assert [registry.group("web").environment, registry.group("web").environment] == [
            "Environments/a"
        ] * 2
        now[0] = 61.0
        assert registry.group("web").environment == "Environments/b"
