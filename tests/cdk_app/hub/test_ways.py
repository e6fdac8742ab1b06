"""The way from Deploy to the instances of a hub's groups."""

from __future__ import annotations

import json
from collections.abc import Sequence

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Template

from cdk_app import (
    DeployedAutoScalingGroup,
    DirectAccess,
    ExistingJumpstation,
    HostTemplate,
    KeyFile,
    NewBastion,
)
from tests.cdk_app.cases import existing_vpc, new_stack
from tests.cdk_app.hub.built import hub_in
from tests.cdk_app.references import written


def _made(subnets: Sequence[ec2.ISubnet]) -> list[ec2.Subnet]:
    """Return subnets as what they are: made here, not imported."""
    return [subnet for subnet in subnets if isinstance(subnet, ec2.Subnet)]


class TestAccess:
    def test_the_jumpstation_in_deploy_has_the_bastions_address_and_key(self) -> None:
        stack = new_stack()
        hub_in(stack)
        (seed,) = Template.from_stack(stack).find_resources("Custom::DeploySeed").values()
        (item,) = (each for each in seed["Properties"]["Items"] if each["type"] == "overthere.SshJumpstation")
        properties = written(item)["properties"]
        assert properties["address"].endswith(".PublicIp>")
        assert (properties["os"], properties["port"], properties["username"]) == ("UNIX", "22", "jump")
        assert written(item)["secretProperties"]["privateKey"]["parameter"].startswith("/ec2/keypair/<")

    def test_a_key_file_is_the_bastions_way_as_well_with_the_hubs_own_pair(self) -> None:
        stack = new_stack()
        hub = hub_in(stack, login=KeyFile(path="/opt/deploy/key.pem"))
        assert hub.key_pair is not None
        built = Template.from_stack(stack)
        (seed,) = built.find_resources("Custom::DeploySeed").values()
        (item,) = (each for each in seed["Properties"]["Items"] if each["type"] == "overthere.SshJumpstation")
        assert item["properties"]["privateKeyFile"] == "/opt/deploy/key.pem"
        assert "secretProperties" not in item
        assert "/ec2/keypair/" not in json.dumps(written(built.find_resources("AWS::IAM::Policy")))

    @pytest.mark.parametrize(
        ("access", "jumpstation"),
        [
            (DirectAccess(allowed_cidrs=["10.1.0.0/16"]), None),
            (
                ExistingJumpstation(ci_id="Infrastructure/jump", allowed_cidrs=["10.1.0.4/32"]),
                "Infrastructure/jump",
            ),
        ],
        ids=["direct", "existing jumpstation"],
    )
    def test_without_a_bastion_of_ours_no_machine_is_made(
        self, access: DirectAccess | ExistingJumpstation, jumpstation: str | None
    ) -> None:
        stack = new_stack()
        hub = hub_in(stack, bastion=access)
        assert hub.bastion is None
        assert hub.jumpstation == jumpstation
        built = Template.from_stack(stack)
        built.resource_count_is("AWS::EC2::Instance", 0)
        built.resource_count_is("AWS::EC2::EIP", 0)


class TestBastion:
    def test_its_address_outlives_it(self) -> None:
        def bastion_and_address(cidr: str) -> tuple[str, str]:
            stack = new_stack()
            hub_in(stack, vpc=None, vpc_cidr=cidr)
            built = Template.from_stack(stack)
            (instance,) = built.find_resources("AWS::EC2::Instance")
            (address,) = (
                name
                for name, each in built.find_resources("AWS::EC2::EIP").items()
                if each["Properties"].get("InstanceId") == {"Ref": instance}
            )
            return instance, address

        # Other subnets, so another set-up, so another machine.
        (before, address), (after, same) = (
            bastion_and_address("10.1.0.0/16"),
            bastion_and_address("10.2.0.0/16"),
        )
        assert before != after
        assert address == same

    def test_its_set_up_names_the_groups_subnets(self) -> None:
        stack = new_stack()
        hub_in(stack)
        (instance,) = Template.from_stack(stack).find_resources("AWS::EC2::Instance").values()
        script = instance["Properties"]["UserData"]["Fn::Base64"]
        assert script.startswith("#!/bin/bash\nSUBNETS='10.7.128.0/24 10.7.129.0/24'\n")
        for line in (
            "MaxStartups 100:30:200",
            "PermitOpen *:22",
            "AllowTcpForwarding local",
            "MaxSessions 0",
        ):
            assert f"\n{line}\n" in script

    def test_it_leads_to_ipv6_ranges_that_it_is_told(self) -> None:
        stack = new_stack()
        vpc = ec2.Vpc(stack, "Vpc", ip_protocol=ec2.IpProtocol.DUAL_STACK, max_azs=2)
        ranges = [cdk.Fn.select(0, subnet.subnet_ipv6_cidr_blocks) for subnet in _made(vpc.private_subnets)]
        bastion = NewBastion(allowed_cidrs=["203.0.113.10/32"], target_ipv6_cidrs=ranges)
        hub = hub_in(stack, vpc=vpc, bastion=bastion)
        group = DeployedAutoScalingGroup(
            stack, "Web", hub=hub, max_capacity=2, host_template=HostTemplate(address="ipv6")
        )
        built = Template.from_stack(stack)
        (instance,) = written(list(built.find_resources("AWS::EC2::Instance").values()))
        assert instance["Properties"]["Ipv6AddressCount"] == 1
        subnets = instance["Properties"]["UserData"]["Fn::Base64"].splitlines()[1]
        assert subnets.count("Ipv6CidrBlocks") == len(ranges) == 2
        (rules,) = (
            each["Properties"]["SecurityGroupEgress"]
            for each in built.find_resources("AWS::EC2::SecurityGroup").values()
            if each["Properties"]["GroupDescription"] == "Bastion for SSH from Deploy"
        )
        by_ipv6 = [rule for rule in rules if "CidrIpv6" in rule]
        assert [(rule["FromPort"], rule["ToPort"]) for rule in by_ipv6] == [(22, 22), (22, 22)]
        assert all("Ipv6CidrBlocks" in str(rule["CidrIpv6"]) for rule in by_ipv6)
        (settings,) = built.find_resources(
            "AWS::SSM::Parameter",
            {"Properties": {"Description": f"What the reconciler knows of {group.group_key}"}},
        ).values()
        assert json.loads(written(settings["Properties"]["Value"]))["address"] == "ipv6"

    def test_it_leads_to_the_subnets_that_you_choose(self) -> None:
        stack = new_stack()
        vpc = existing_vpc(stack)
        hub = hub_in(stack, vpc=vpc, subnets=ec2.SubnetSelection(subnets=[vpc.private_subnets[1]]))
        assert hub.group_subnets.subnet_ids == ["subnet-0123456789abcdef3"]
        (instance,) = Template.from_stack(stack).find_resources("AWS::EC2::Instance").values()
        assert "SUBNETS='10.7.129.0/24'" in instance["Properties"]["UserData"]["Fn::Base64"]

    def test_it_can_be_let_into_something_as_any_construct_that_connects(self) -> None:
        stack = new_stack()
        hub = hub_in(stack)
        assert hub.bastion is not None
        other = ec2.SecurityGroup(stack, "Other", vpc=hub.vpc)
        other.connections.allow_from(hub.bastion, ec2.Port.tcp(22))
        built = Template.from_stack(stack)
        (rule,) = built.find_resources("AWS::EC2::SecurityGroupIngress").values()
        assert "BastionSecurityGroup" in str(rule["Properties"]["SourceSecurityGroupId"])
