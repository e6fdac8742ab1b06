"""The network over the local cloud's EC2: what the twin in the other tests says, said by an API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from cdk_app.sandbox.cloud import Cloud
from cdk_app.sandbox.deploy_server.remoting import ConnectionOptions, RemotingError, open_connection
from cdk_app.sandbox.network import SshNetwork

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import IpPermissionTypeDef

OUTSIDE = "203.0.113.10"


@dataclass(frozen=True)
class Place:
    """A bastion with a fixed public address, and an Auto Scaling group of two in a private subnet."""

    ec2: EC2Client
    network: SshNetwork
    bastion: str
    bastion_group: str
    hosts: dict[str, str]
    private_key: str = field(repr=False)

    def options(self, address: str) -> ConnectionOptions:
        login = {"os": "UNIX", "privateKey": self.private_key}
        jumpstation = {**login, "address": self.bastion, "username": "jump"}
        host = {
            **login,
            "connectionType": "SFTP",
            "address": address,
            "username": "ec2-user",
            "jumpstation": "bastion",
        }
        return ConnectionOptions.from_ci(host, lambda _: jumpstation)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("cloud")
    with Cloud(directory / "cloud") as cloud:
        ec2: EC2Client = cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        public, private = (
            ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
            for cidr in ("10.20.0.0/24", "10.20.1.0/24")
        )
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        routes = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=routes, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        ec2.associate_route_table(RouteTableId=routes, SubnetId=public)
        bastion_group, hosts_group = (
            ec2.create_security_group(VpcId=vpc, GroupName=name, Description=name)["GroupId"]
            for name in ("bastion", "hosts")
        )
        ssh: IpPermissionTypeDef = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
        ec2.authorize_security_group_ingress(
            GroupId=bastion_group, IpPermissions=[{**ssh, "IpRanges": [{"CidrIp": f"{OUTSIDE}/32"}]}]
        )
        ec2.authorize_security_group_ingress(
            GroupId=hosts_group, IpPermissions=[{**ssh, "UserIdGroupPairs": [{"GroupId": bastion_group}]}]
        )
        pair = ec2.create_key_pair(KeyName="pair", KeyType="ed25519")
        bastion = ec2.run_instances(
            ImageId="ami-12345678",
            MinCount=1,
            MaxCount=1,
            SubnetId=public,
            SecurityGroupIds=[bastion_group],
            KeyName="pair",
        )["Instances"][0]["InstanceId"]
        address = ec2.allocate_address(Domain="vpc")
        ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=bastion)
        ec2.create_launch_template(
            LaunchTemplateName="hosts",
            LaunchTemplateData={
                "ImageId": "ami-12345678",
                "SecurityGroupIds": [hosts_group],
                "KeyName": "pair",
            },
        )
        cloud.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName="web",
            LaunchTemplate={"LaunchTemplateName": "hosts"},
            MinSize=0,
            MaxSize=2,
            DesiredCapacity=2,
            VPCZoneIdentifier=private,
        )
        hosts = _hosts(ec2)
        with SshNetwork(ec2, directory / "machines", outside_address=OUTSIDE, silence=0.3) as network:
            yield Place(ec2, network, address["PublicIp"], bastion_group, hosts, pair["KeyMaterial"])


def _hosts(ec2: EC2Client) -> dict[str, str]:
    deadline = time.monotonic() + 20
    while True:
        filters = [{"Name": "tag:aws:autoscaling:groupName", "Values": ["web"]}]
        found = {
            instance["InstanceId"]: instance["PrivateIpAddress"]
            for reservation in ec2.describe_instances(Filters=filters)["Reservations"]  # type: ignore[arg-type] # literals
            for instance in reservation["Instances"]
            if instance["State"]["Name"] == "running"
        }
        if len(found) == 2:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def put(place: Place, address: str, content: bytes) -> None:
    async def scenario() -> None:
        async with open_connection(place.options(address), place.network) as connection:
            await connection.put(content, "/opt/proof")

    asyncio.run(scenario())


def test_each_instance_gets_its_own_file_through_the_bastion(place: Place) -> None:
    for instance, address in place.hosts.items():
        put(place, address, instance.encode())
    for instance in place.hosts:
        assert (place.network.instance_directory(instance) / "opt" / "proof").read_text() == instance


def test_directly_there_is_no_route(place: Place) -> None:
    with pytest.raises(OSError, match="unreachable"):
        asyncio.run(place.network.connect(next(iter(place.hosts.values())), 22))


def test_a_rule_that_is_revoked_closes_the_way(place: Place) -> None:
    rule = {
        "GroupId": place.bastion_group,
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "CidrIp": f"{OUTSIDE}/32",
    }
    address = next(iter(place.hosts.values()))
    place.ec2.revoke_security_group_ingress(**rule)  # type: ignore[arg-type] # literals
    with pytest.raises(RemotingError, match="Connection timed out"):
        put(place, address, b"")
    place.ec2.authorize_security_group_ingress(**rule)  # type: ignore[arg-type] # literals
    put(place, address, b"")
