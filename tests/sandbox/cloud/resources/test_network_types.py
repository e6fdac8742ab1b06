from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncssh
import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud import Cloud

    from ..making import Stack

VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.40.0.0/16"}}


def subnet(cidr: str) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": cidr, "AvailabilityZone": "us-east-1c"},
    }


def bastion(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - any property
    return {
        "Type": "AWS::EC2::Instance",
        "Properties": {
            "ImageId": "ami-12345678",
            "InstanceType": "t4g.nano",
            "NetworkInterfaces": [
                {
                    "DeviceIndex": "0",
                    "SubnetId": {"Ref": "Public"},
                    "GroupSet": [{"Fn::GetAtt": ["Group", "GroupId"]}],
                    "AssociatePublicIpAddress": True,
                }
            ],
            "Tags": [{"Key": "Name", "Value": "bastion"}],
            **more,
        },
    }


GROUP = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "b", "VpcId": {"Ref": "Vpc"}}}
ADDRESS = {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc", "InstanceId": {"Ref": "Bastion"}}}


def test_a_bastion_with_a_stable_address(cloud: Cloud, stack: Stack) -> None:
    ec2 = cloud.client("ec2")
    resources = {
        "Vpc": VPC,
        "Public": subnet("10.40.0.0/24"),
        "Group": GROUP,
        "Bastion": bastion(),
        "Address": ADDRESS,
    }
    outputs = {
        "Private": {"Fn::GetAtt": ["Bastion", "PrivateIp"]},
        "Zone": {"Fn::GetAtt": ["Bastion", "AvailabilityZone"]},
        "Allocation": {"Fn::GetAtt": ["Address", "AllocationId"]},
        "Public": {"Ref": "Address"},
    }
    stack.create(resources, outputs)
    instance = stack.physical_id("Bastion")
    (described,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
    assert described["PrivateIpAddress"] == stack.outputs["Private"]
    assert described["PublicIpAddress"] == stack.outputs["Public"]
    assert described["SecurityGroups"][0]["GroupId"] == stack.physical_id("Group")
    assert stack.outputs["Zone"] == "us-east-1c"
    (address,) = ec2.describe_addresses(AllocationIds=[stack.outputs["Allocation"]])["Addresses"]
    assert (address["PublicIp"], address["InstanceId"]) == (stack.outputs["Public"], instance)

    stack.update({**resources, "Bastion": bastion(InstanceType="t4g.small")}, outputs)
    assert stack.physical_id("Bastion") == instance
    stack.update({**resources, "Bastion": bastion(ImageId="ami-87654321")}, outputs)
    assert stack.physical_id("Bastion") != instance

    stack.delete()
    assert not [
        i
        for reservation in ec2.describe_instances()["Reservations"]
        for i in reservation["Instances"]
        if i["State"]["Name"] == "running" and i["SubnetId"] == described["SubnetId"]
    ]
    assert address["PublicIp"] not in {a["PublicIp"] for a in ec2.describe_addresses()["Addresses"]}


def test_nat_gateway_flow_log_and_rules_come_and_go(cloud: Cloud, stack: Stack) -> None:
    ec2 = cloud.client("ec2")
    stack.create(
        {
            "Vpc": VPC,
            "Public": subnet("10.40.0.0/24"),
            "Group": GROUP,
            "NatAddress": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}},
            "Nat": {
                "Type": "AWS::EC2::NatGateway",
                "Properties": {
                    "SubnetId": {"Ref": "Public"},
                    "AllocationId": {"Fn::GetAtt": ["NatAddress", "AllocationId"]},
                },
            },
            "FlowLog": {
                "Type": "AWS::EC2::FlowLog",
                "Properties": {
                    "ResourceId": {"Ref": "Vpc"},
                    "ResourceType": "VPC",
                    "TrafficType": "REJECT",
                    "LogGroupName": "flow",
                },
            },
            "Ssh": {
                "Type": "AWS::EC2::SecurityGroupIngress",
                "Properties": {
                    "GroupId": {"Ref": "Group"},
                    "IpProtocol": "tcp",
                    "FromPort": 22,
                    "ToPort": 22,
                    "SourceSecurityGroupId": {"Ref": "Group"},
                },
            },
        }
    )
    nat, flow_log, group = (stack.physical_id(name) for name in ("Nat", "FlowLog", "Group"))
    (gateway,) = ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"]
    assert gateway["SubnetId"] == stack.physical_id("Public")
    (log,) = ec2.describe_flow_logs(FlowLogIds=[flow_log])["FlowLogs"]
    assert (log["ResourceId"], log["TrafficType"]) == (stack.physical_id("Vpc"), "REJECT")
    (rules,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert rules["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group
    stack.delete()
    assert ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"] == []
    assert ec2.describe_flow_logs(FlowLogIds=[flow_log])["FlowLogs"] == []


def test_a_key_pair_keeps_its_private_half_in_parameter_store(cloud: Cloud, stack: Stack, name: str) -> None:
    ec2, ssm = cloud.client("ec2"), cloud.client("ssm")
    stack.create(
        {"Key": {"Type": "AWS::EC2::KeyPair", "Properties": {"KeyName": name, "KeyType": "ed25519"}}},
        {"Id": {"Fn::GetAtt": ["Key", "KeyPairId"]}, "Name": {"Ref": "Key"}},
    )
    parameter = f"/ec2/keypair/{stack.outputs['Id']}"
    stored = ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]
    assert stored["Type"] == "SecureString"
    (described,) = ec2.describe_key_pairs(KeyNames=[stack.outputs["Name"]], IncludePublicKey=True)["KeyPairs"]
    private = asyncssh.import_private_key(stored["Value"])
    assert private.export_public_key().decode().split()[:2] == described["PublicKey"].split()
    stack.delete()
    with pytest.raises(ClientError, match="ParameterNotFound"):
        ssm.get_parameter(Name=parameter)


def test_an_imported_key_pair_stores_nothing(cloud: Cloud, stack: Stack, name: str) -> None:
    public = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    stack.create(
        {"Key": {"Type": "AWS::EC2::KeyPair", "Properties": {"KeyName": name, "PublicKeyMaterial": public}}},
        {"Id": {"Fn::GetAtt": ["Key", "KeyPairId"]}},
    )
    with pytest.raises(ClientError, match="ParameterNotFound"):
        cloud.client("ssm").get_parameter(Name=f"/ec2/keypair/{stack.outputs['Id']}")


def test_public_images_of_amazon_linux_exist_for_both_architectures(cloud: Cloud) -> None:
    ssm = cloud.client("ssm")
    prefix = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel"
    images = {
        ssm.get_parameter(Name=f"{prefix}-{kernel}-{architecture}")["Parameter"]["Value"]
        for kernel in ("default", "6.1")
        for architecture in ("arm64", "x86_64")
    }
    assert len(images) == 4
    assert all(image.startswith("ami-") for image in images)
