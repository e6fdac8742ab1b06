from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import asyncssh
import pytest

from cdk_app.sandbox.network import SshNetwork

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

OUTSIDE = "203.0.113.10"


@dataclass
class Ec2Twin:
    """EC2's API with one VPC: a bastion in a public subnet, a group's instances in a private one."""

    public_key: str
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    bastion_admits: str = f"{OUTSIDE}/32"
    hosts_admit: str = "sg-bastion"
    readings: int = 0

    def launch(self, instance_id: str, address: str) -> None:
        self.instances[instance_id] = {
            **self._machine(instance_id, address, "subnet-private", "sg-hosts"),
            "Tags": [{"Key": "aws:autoscaling:groupName", "Value": "web"}],
        }

    def launch_bastion(self, instance_id: str, address: str, public_address: str) -> None:
        machine = self._machine(instance_id, address, "subnet-public", "sg-bastion")
        self.instances[instance_id] = {**machine, "PublicIpAddress": public_address}

    def terminate(self, instance_id: str) -> None:
        self.instances[instance_id] = {"InstanceId": instance_id, "State": {"Name": "terminated"}}

    def _machine(self, instance_id: str, address: str, subnet: str, group: str) -> dict[str, Any]:
        return {
            "InstanceId": instance_id,
            "State": {"Name": "running"},
            "VpcId": "vpc-1",
            "SubnetId": subnet,
            "PrivateIpAddress": address,
            "PrivateDnsName": f"ip-{address.replace('.', '-')}.ec2.internal",
            "SecurityGroups": [{"GroupId": group, "GroupName": group}],
            "KeyName": "pair",
        }

    def describe_addresses(self) -> dict[str, Any]:
        return {"Addresses": []}

    def describe_key_pairs(self, KeyNames: list[str], IncludePublicKey: bool) -> dict[str, Any]:  # noqa: N803
        assert (KeyNames, IncludePublicKey) == (["pair"], True)
        return {"KeyPairs": [{"KeyName": "pair", "PublicKey": self.public_key}]}

    def get_paginator(self, operation: str) -> _Pages:
        return _Pages(getattr(self, f"_{operation}")())

    def _describe_instances(self) -> list[dict[str, Any]]:
        self.readings += 1
        return [{"Reservations": [{"Instances": [instance]}]} for instance in self.instances.values()]

    def _describe_security_groups(self) -> list[dict[str, Any]]:
        everywhere = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
        return [
            {
                "SecurityGroups": [
                    {
                        "GroupId": "sg-bastion",
                        "IpPermissions": [{**ssh, "IpRanges": [{"CidrIp": self.bastion_admits}]}],
                        "IpPermissionsEgress": everywhere,
                    },
                    {
                        "GroupId": "sg-hosts",
                        "IpPermissions": [{**ssh, "UserIdGroupPairs": [{"GroupId": self.hosts_admit}]}],
                        "IpPermissionsEgress": everywhere,
                    },
                ]
            }
        ]

    def _describe_route_tables(self) -> list[dict[str, Any]]:
        local = {"DestinationCidrBlock": "10.20.0.0/16", "GatewayId": "local"}
        public = [local, {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}]
        private = [local, {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}]
        return [
            {
                "RouteTables": [
                    {"VpcId": "vpc-1", "Associations": [{"SubnetId": f"subnet-{name}"}], "Routes": routes}
                ]
            }
            for name, routes in (("public", public), ("private", private))
        ]


@dataclass
class _Pages:
    pages: list[dict[str, Any]]

    def paginate(self) -> list[dict[str, Any]]:
        return self.pages


@dataclass(frozen=True)
class Vpc:
    """A running network over the twin, and the private key of its machines."""

    ec2: Ec2Twin
    network: SshNetwork
    private_key: str = field(repr=False)
    outside: str = OUTSIDE


@pytest.fixture
def vpc(tmp_path: Path) -> Iterator[Vpc]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    ec2 = Ec2Twin(key.export_public_key().decode())
    ec2.launch_bastion("i-bastion", "10.20.0.5", "198.51.100.7")
    ec2.launch("i-web1", "10.20.1.11")
    ec2.launch("i-web2", "10.20.1.12")
    with SshNetwork(cast("EC2Client", ec2), tmp_path, outside_address=OUTSIDE, silence=0.3) as network:
        yield Vpc(ec2, network, key.export_private_key().decode())
