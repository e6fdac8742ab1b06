"""Functions in the network, for a Deploy server that only it reaches."""

from __future__ import annotations

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Annotations, Match, Template

from tests.cdk_app.cases import deploy_server, new_stack
from tests.cdk_app.hub.built import hub_in


class TestPrivateServer:
    @pytest.fixture(scope="class")
    @classmethod
    def built(cls) -> Template:
        stack = new_stack()
        bundle = ssm.StringParameter.from_string_parameter_name(stack, "Bundle", "/trust/ca")
        hub = hub_in(
            stack,
            deploy=deploy_server(
                stack, private=True, ca_bundle=bundle, proxy="http://proxy.example.com:3128"
            ),
        )
        assert len(hub.connections.security_groups) == 1
        return Template.from_stack(stack)

    def test_our_functions_run_in_private_subnets(self, built: Template) -> None:
        ours = [
            function["Properties"]
            for function in built.find_resources("AWS::Lambda::Function").values()
            if function["Properties"]["Handler"].startswith("runtime.")
        ]
        assert len(ours) == 2
        for function in ours:
            assert function["VpcConfig"]["SubnetIds"] == [
                "subnet-0123456789abcdef2",
                "subnet-0123456789abcdef3",
            ]
            variables = function["Environment"]["Variables"]
            assert variables["DEPLOY_CA_BUNDLE"] == "/trust/ca"
            assert variables["DEPLOY_PROXY"] == "http://proxy.example.com:3128"
            assert not {"HTTPS_PROXY", "HTTP_PROXY"} & variables.keys()  # AWS is not behind it

    def test_they_connect_to_deploy_proxy_and_aws_alone(self, built: Template) -> None:
        (group,) = built.find_resources(
            "AWS::EC2::SecurityGroup", {"Properties": {"GroupDescription": "Functions that talk to Deploy"}}
        ).values()
        ports = [rule["FromPort"] for rule in group["Properties"]["SecurityGroupEgress"]]
        assert ports == [443, 3128, 4516]

    def test_they_may_read_the_certificates(self, built: Template) -> None:
        statements = json.dumps(built.find_resources("AWS::IAM::Policy"))
        assert statements.count("parameter/trust/ca") == 2

    @pytest.mark.parametrize(
        ("url", "ports", "warned"),
        [
            (f"https://{cdk.Fn.import_value('Host')}:4516", [443, 4516], False),
            (f"https://{cdk.Fn.import_value('Host')}", [443], False),
            (f"https://deploy.internal:{cdk.Fn.import_value('Port')}", [443], True),
            (cdk.Fn.import_value("Url"), [443], True),
        ],
        ids=["host", "host without port", "port", "all of it"],
    )
    def test_an_address_that_deployment_knows_opens_the_port_that_we_know(
        self, url: str, ports: list[int], warned: bool
    ) -> None:
        stack = new_stack()
        hub_in(stack, deploy=deploy_server(stack, url=url, private=True))
        (group,) = (
            Template.from_stack(stack)
            .find_resources(
                "AWS::EC2::SecurityGroup",
                {"Properties": {"GroupDescription": "Functions that talk to Deploy"}},
            )
            .values()
        )
        assert [rule["FromPort"] for rule in group["Properties"]["SecurityGroupEgress"]] == ports
        warnings = Annotations.from_stack(stack).find_warning(
            "/Stack/Hub", Match.string_like_regexp("port of Deploy is known only at deployment")
        )
        assert len(warnings) == warned
