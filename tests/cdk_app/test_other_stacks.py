"""The constructs in somebody's app: with what other stacks made, in nested stacks and stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template

from cdk_app import (
    CredentialsItem,
    DeployedAutoScalingGroup,
    DeployHub,
    DeployServer,
    DirectAccess,
    ExistingJumpstation,
    NewBastion,
    SecretField,
    StoredKey,
)
from tests.cdk_app.cases import BASTION, ENVIRONMENT, deploy_server, existing_vpc, new_app, new_stack

if TYPE_CHECKING:
    from constructs import Construct

LINUX = ec2.MachineImage.latest_amazon_linux2023(cpu_type=ec2.AmazonLinuxCpuType.ARM_64)


def launch(scope: Construct, **options: Any) -> ec2.LaunchTemplate:  # noqa: ANN401 - passed on
    return ec2.LaunchTemplate(
        scope, "Launch", instance_type=ec2.InstanceType("t4g.small"), machine_image=LINUX, **options
    )


class TestPlatform:
    """Network and group are of a platform team's stack, the hub is of another, which needs that one."""

    @pytest.mark.parametrize(
        "ways", [BASTION, DirectAccess(allowed_cidrs=["10.1.0.0/16"])], ids=["bastion", "direct"]
    )
    def test_its_group_is_let_in_to_without_that_stack_needing_ours(
        self, ways: NewBastion | DirectAccess
    ) -> None:
        app = new_app()
        platform = cdk.Stack(app, "Platform", env=ENVIRONMENT)
        vpc = ec2.Vpc(platform, "Vpc", max_azs=2)
        group = autoscaling.AutoScalingGroup(
            platform,
            "Group",
            vpc=vpc,
            launch_template=launch(platform, security_group=ec2.SecurityGroup(platform, "Own", vpc=vpc)),
        )
        ours = cdk.Stack(app, "Ours", env=ENVIRONMENT)
        DeployedAutoScalingGroup(
            ours, "Web", deploy=deploy_server(ours), bastion=ways, vpc=vpc, existing_group=group
        )
        app.synth()
        assert platform.dependencies == []
        (rule,) = Template.from_stack(ours).find_resources("AWS::EC2::SecurityGroupIngress").values()
        assert "Platform" in str(rule["Properties"]["GroupId"])
        assert (rule["Properties"]["FromPort"], rule["Properties"]["ToPort"]) == (22, 22)
        Template.from_stack(platform).resource_count_is("AWS::EC2::SecurityGroupIngress", 0)

    def test_its_secrets_may_have_a_key_of_its_own(self) -> None:
        app = new_app()
        platform = cdk.Stack(app, "Platform", env=ENVIRONMENT)
        secret = secretsmanager.Secret(platform, "Secret", encryption_key=kms.Key(platform, "Key"))
        ours = cdk.Stack(app, "Ours", env=ENVIRONMENT)
        pair = ec2.KeyPair.from_key_pair_name(ours, "Pair", "operations")
        hub = DeployHub(
            ours,
            "Hub",
            deploy=DeployServer(
                url="https://deploy.example.com", credentials=secret, cloud_credentials=secret
            ),
            bastion=BASTION,
            login=StoredKey(key_pair=pair, private_key=SecretField(secret=secret, name="ssh")),
        )
        app.synth()
        assert platform.dependencies == []
        for policy in Template.from_stack(ours).find_resources("AWS::IAM::Policy").values():
            if any("Function" in role["Ref"] for role in policy["Properties"]["Roles"]):
                actions = [each["Action"] for each in policy["Properties"]["PolicyDocument"]["Statement"]]
                assert "kms:Decrypt" in actions
        assert hub.key_pair is None

    def test_its_deploy_server_lets_the_functions_in_by_rules_of_ours(self) -> None:
        app = new_app()
        platform = cdk.Stack(app, "Platform", env=ENVIRONMENT)
        vpc = ec2.Vpc(platform, "Vpc", max_azs=2)
        server = ec2.SecurityGroup(platform, "Server", vpc=vpc)
        ours = cdk.Stack(app, "Ours", env=ENVIRONMENT)
        hub = DeployHub(ours, "Hub", deploy=deploy_server(ours, private=True), bastion=BASTION, vpc=vpc)
        hub.connections.allow_to(server, ec2.Port.tcp(4516))
        app.synth()
        (rule,) = Template.from_stack(ours).find_resources("AWS::EC2::SecurityGroupIngress").values()
        assert rule["Properties"]["ToPort"] == 4516
        assert platform.dependencies == []


class TestExistingGroup:
    @pytest.mark.parametrize("imported", [True, False], ids=["imported", "without a security group"])
    def test_whose_launch_template_tells_no_security_group_lets_in_by_itself(self, imported: bool) -> None:
        stack = new_stack()
        vpc = existing_vpc(stack)
        template = (
            ec2.LaunchTemplate.from_launch_template_attributes(
                stack, "Launch", launch_template_id="lt-0123456789abcdef0", version_number="1"
            )
            if imported
            else launch(stack)
        )
        existing = autoscaling.AutoScalingGroup(stack, "Existing", vpc=vpc, launch_template=template)
        group = DeployedAutoScalingGroup(
            stack, "Web", deploy=deploy_server(stack), bastion=BASTION, vpc=vpc, existing_group=existing
        )
        Template.from_stack(stack).resource_count_is("AWS::EC2::SecurityGroupIngress", 0)
        with pytest.raises(ValueError, match="security groups are not known"):
            _ = group.connections


def test_a_hub_of_its_own_makes_no_key_pair_that_nobody_uses() -> None:
    stack = new_stack()
    group = DeployedAutoScalingGroup(
        stack,
        "Web",
        deploy=deploy_server(stack),
        bastion=ExistingJumpstation(ci_id="Infrastructure/jump", allowed_cidrs=["10.7.0.4/32"]),
        vpc=existing_vpc(stack),
        max_capacity=1,
        login=CredentialsItem(ci_id="Configuration/web"),
    )
    assert group.hub.key_pair is None
    Template.from_stack(stack).resource_count_is("AWS::EC2::KeyPair", 0)


class TestNesting:
    def test_equal_nested_stacks_of_two_stacks_share_no_name(self) -> None:
        app = new_app()
        names: list[str] = []
        for name in ("Test", "Production"):
            nested = cdk.NestedStack(cdk.Stack(app, name, env=ENVIRONMENT), "Nested")
            group = DeployedAutoScalingGroup(
                nested, "Web", deploy=deploy_server(nested), bastion=BASTION, max_capacity=1
            )
            names += [group.group_name, group.hub.id]
        app.synth()
        assert len(set(names)) == len(names)

    def test_a_group_and_its_hub_may_be_in_parent_and_nested_stack_either_way(self) -> None:
        app = new_app()
        for name, hub_is_nested in (("Inner", True), ("Outer", False)):
            parent = cdk.Stack(app, name, env=ENVIRONMENT)
            nested = cdk.NestedStack(parent, "Nested")
            of_hub, of_group = (nested, parent) if hub_is_nested else (parent, nested)
            hub = DeployHub(of_hub, "Hub", deploy=deploy_server(of_hub), bastion=BASTION)
            DeployedAutoScalingGroup(of_group, "Web", hub=hub, max_capacity=1)
        app.synth()

    def test_stages_with_another_qualifier_and_a_boundary_keep_all_roles_within_it(self) -> None:
        app = new_app()
        boundary = cdk.PermissionsBoundary.from_name("boundary")
        for name, region in (("Test", "eu-west-1"), ("Production", "us-east-1")):
            env = cdk.Environment(account="111111111111", region=region)
            stage = cdk.Stage(app, name, env=env, permissions_boundary=boundary)
            synthesizer = cdk.DefaultStackSynthesizer(qualifier="platform")
            stack = cdk.Stack(stage, "Shop", synthesizer=synthesizer)
            DeployedAutoScalingGroup(
                stack, "Web", deploy=deploy_server(stack), bastion=BASTION, max_capacity=1
            )
            roles = Template.from_stack(stack).find_resources("AWS::IAM::Role").values()
            assert roles
            assert all("PermissionsBoundary" in role["Properties"] for role in roles)
