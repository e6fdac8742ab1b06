from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_ec2.type_defs import InstanceTypeDef

    from cdk_app.sandbox.cloud import Cloud


@pytest.fixture
def subnets(cloud: Cloud) -> Iterator[dict[str, str]]:
    """A public and a private subnet of a network of its own."""
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
    made = {
        kind: ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone="us-east-1b")["Subnet"][
            "SubnetId"
        ]
        for kind, cidr in (("public", "10.30.0.0/24"), ("private", "10.30.1.0/28"))
    }
    ec2.modify_subnet_attribute(SubnetId=made["public"], MapPublicIpOnLaunch={"Value": True})
    yield made
    for subnet in made.values():
        ec2.delete_subnet(SubnetId=subnet)


def launch(cloud: Cloud, subnet: str, count: int = 1) -> list[InstanceTypeDef]:
    started = cloud.client("ec2").run_instances(
        ImageId="ami-12345678", InstanceType="t3.micro", SubnetId=subnet, MinCount=count, MaxCount=count
    )
    return started["Instances"]


def test_addresses_and_zone_are_the_subnets(cloud: Cloud, subnets: dict[str, str]) -> None:
    public, private = launch(cloud, subnets["public"])[0], launch(cloud, subnets["private"])[0]
    assert IPv4Address(public["PrivateIpAddress"]) in IPv4Network("10.30.0.0/24")
    assert public["PublicIpAddress"]
    assert private["PrivateIpAddress"] == "10.30.1.4"
    assert "PublicIpAddress" not in private
    assert public["Placement"]["AvailabilityZone"] == "us-east-1b"


def test_the_address_of_a_terminated_instance_comes_back(cloud: Cloud, subnets: dict[str, str]) -> None:
    ec2 = cloud.client("ec2")
    first, second = launch(cloud, subnets["private"], count=2)
    assert first["PrivateIpAddress"] != second["PrivateIpAddress"]
    ec2.terminate_instances(InstanceIds=[first["InstanceId"]])
    gone = ec2.describe_instances(InstanceIds=[first["InstanceId"]])["Reservations"][0]["Instances"][0]
    assert gone["State"]["Name"] == "terminated"
    assert "PrivateIpAddress" not in gone
    assert launch(cloud, subnets["private"])[0]["PrivateIpAddress"] == first["PrivateIpAddress"]


def test_filters_narrow_and_unknown_ones_are_refused(cloud: Cloud, subnets: dict[str, str]) -> None:
    ec2 = cloud.client("ec2")
    launched = launch(cloud, subnets["private"])[0]
    for filter_name, value in (
        ("private-ip-address", launched["PrivateIpAddress"]),
        ("availability-zone", "us-east-1b"),
        ("instance-id", launched["InstanceId"]),
    ):
        answer = ec2.describe_instances(
            Filters=[
                {"Name": filter_name, "Values": [value]},
                {"Name": "subnet-id", "Values": [subnets["private"]]},
                {"Name": "instance-state-name", "Values": ["running"]},
            ]
        )
        found = [i["InstanceId"] for r in answer["Reservations"] for i in r["Instances"]]
        assert found == [launched["InstanceId"]]
    with pytest.raises(ClientError, match="The filter 'no-such-thing' is invalid"):
        ec2.describe_instances(Filters=[{"Name": "no-such-thing", "Values": ["x"]}])
