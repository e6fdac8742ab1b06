"""A group that is there already, and grants to others."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from cdk_app import DeployedAutoScalingGroup, DeployHub
from tests.cdk_app.group.built import only, rule_of, settings, template_with, web
from tests.cdk_app.references import needs, written


@pytest.fixture(scope="module")
def by_object() -> dict[str, Any]:
    def build(stack: cdk.Stack, hub: DeployHub) -> None:
        group = autoscaling.AutoScalingGroup(
            stack,
            "Own",
            vpc=hub.vpc,
            launch_template=ec2.LaunchTemplate(
                stack,
                "Launch",
                instance_type=ec2.InstanceType("t4g.small"),
                machine_image=ec2.MachineImage.latest_amazon_linux2023(),
                security_group=ec2.SecurityGroup(stack, "OwnSecurityGroup", vpc=hub.vpc),
            ),
        )
        DeployedAutoScalingGroup(stack, "Web", hub=hub, existing_group=group)

    return template_with(build)


class TestExistingGroup:
    def test_gets_hooks_of_its_own(self, by_object: dict[str, Any]) -> None:
        hooks = {
            resource["Properties"]["LifecycleHookName"]: name
            for name, resource in by_object["Resources"].items()
            if resource["Type"] == "AWS::AutoScaling::LifecycleHook"
        }
        assert hooks.keys() == {"deploy", "undeploy"}
        rule, _ = rule_of(by_object)
        assert all(rule in needs(by_object, name) for name in hooks.values())

    def test_lets_the_bastion_in(self, by_object: dict[str, Any]) -> None:
        _, rule = only(by_object, "AWS::EC2::SecurityGroupIngress")
        assert "OwnSecurityGroup" in rule["GroupId"]["Fn::GetAtt"][0]

    def test_is_known_by_its_generated_name(self, by_object: dict[str, Any]) -> None:
        name, _ = only(by_object, "AWS::AutoScaling::AutoScalingGroup")
        assert settings(by_object)["autoScalingGroup"] == f"<{name}>"
        _, rule = rule_of(by_object)
        assert rule["EventPattern"]["detail"] == {"AutoScalingGroupName": [{"Ref": name}]}


@pytest.fixture(scope="module")
def granted() -> list[dict[str, Any]]:
    def build(stack: cdk.Stack, hub: DeployHub) -> None:
        group = web(stack, hub)
        role = iam.Role(stack, "Pipeline", assumed_by=iam.AccountRootPrincipal())
        group.grant_reconcile(role)
        group.grant_scale(role)

    built = template_with(build)
    (policy,) = (
        resource["Properties"]["PolicyDocument"]["Statement"]
        for name, resource in built["Resources"].items()
        if name.startswith("PipelineDefaultPolicy")
    )
    statements: list[dict[str, Any]] = written(policy)
    return statements


class TestGrants:
    def test_reconcile_is_this_groups_path_of_the_api(self, granted: list[dict[str, Any]]) -> None:
        statement = granted[0]
        assert statement["Action"] == "execute-api:Invoke"
        assert statement["Resource"].endswith("/POST/groups/Stack-Web-web-B767E6B4/reconcile")

    def test_scale_is_this_groups_capacity(self, granted: list[dict[str, Any]]) -> None:
        statement = granted[1]
        assert statement["Action"] == "autoscaling:SetDesiredCapacity"
        assert statement["Resource"].endswith(":autoScalingGroup:*:autoScalingGroupName/web")
