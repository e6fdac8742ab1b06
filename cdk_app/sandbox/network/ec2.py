"""Read EC2's records through its public API."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from cdk_app.sandbox.network.records import Instance, RouteTable, Rule, SecurityGroup, Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import (
        InstanceTypeDef,
        IpPermissionOutputTypeDef,
        RouteTableTypeDef,
        RouteTypeDef,
    )

    from cdk_app.sandbox.network.records import Cidr

_GROUP_TAG = "aws:autoscaling:groupName"


def read_topology(ec2: EC2Client) -> Topology:
    """Read all instances with what decides about connections to them.

    Raises
    ------
    botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError
        The API could not be asked.
    """
    # An Elastic IP takes the place of the public address that an instance was launched with.
    elastic = {
        address["InstanceId"]: address["PublicIp"]
        for address in ec2.describe_addresses()["Addresses"]
        if address.get("InstanceId") and address.get("PublicIp")
    }
    return Topology(
        instances=tuple(
            _instance(record, elastic.get(record["InstanceId"]))
            for page in ec2.get_paginator("describe_instances").paginate()
            for reservation in page["Reservations"]
            for record in reservation["Instances"]
        ),
        security_groups={
            group["GroupId"]: SecurityGroup(
                _rules(group.get("IpPermissions", ())), _rules(group.get("IpPermissionsEgress", ()))
            )
            for page in ec2.get_paginator("describe_security_groups").paginate()
            for group in page["SecurityGroups"]
        },
        route_tables=tuple(
            _route_table(table)
            for page in ec2.get_paginator("describe_route_tables").paginate()
            for table in page["RouteTables"]
        ),
    )


def read_public_key(ec2: EC2Client, key_name: str) -> str | None:
    """Return the public key of a key pair in OpenSSH's one-line form, or None when EC2 has none."""
    answer = ec2.describe_key_pairs(KeyNames=[key_name], IncludePublicKey=True)
    return answer["KeyPairs"][0].get("PublicKey") if answer["KeyPairs"] else None


def _instance(record: InstanceTypeDef, elastic: str | None) -> Instance:
    interfaces = record.get("NetworkInterfaces", ())
    private = {record.get("PrivateIpAddress"), record.get("PrivateDnsName"), record.get("Ipv6Address")}
    private |= {interface.get("PrivateIpAddress") for interface in interfaces}
    assigned = {elastic} if elastic else {record.get("PublicIpAddress"), record.get("PublicDnsName")}
    public = {*assigned, record.get("Ipv6Address")}
    return Instance(
        id=record["InstanceId"],
        state=record["State"]["Name"],
        vpc=record.get("VpcId", ""),
        subnet=record.get("SubnetId", ""),
        address=record.get("PrivateIpAddress", ""),
        private_names=frozenset(name for name in private if name),
        public_names=frozenset(name for name in public if name),
        security_groups=frozenset(group["GroupId"] for group in record.get("SecurityGroups", ())),
        key_name=record.get("KeyName") or None,
        group=next((tag["Value"] for tag in record.get("Tags", ()) if tag["Key"] == _GROUP_TAG), None),
    )


def _rules(permissions: Iterable[IpPermissionOutputTypeDef]) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            protocol=permission["IpProtocol"],
            first_port=_port(permission.get("FromPort")),
            last_port=_port(permission.get("ToPort")),
            cidrs=frozenset(
                [_cidr(entry["CidrIp"]) for entry in permission.get("IpRanges", ())]
                + [_cidr(entry["CidrIpv6"]) for entry in permission.get("Ipv6Ranges", ())]
            ),
            groups=frozenset(pair["GroupId"] for pair in permission.get("UserIdGroupPairs", ())),
        )
        for permission in permissions
    )


def _cidr(text: str) -> Cidr:
    # Host bits are dropped as EC2 does when it stores a rule.
    return ip_network(text, strict=False)


def _port(value: int | None) -> int | None:
    return None if value in (None, -1) else value


def _route_table(table: RouteTableTypeDef) -> RouteTable:
    associations = table.get("Associations", ())
    return RouteTable(
        vpc=table["VpcId"],
        main=any(association.get("Main") for association in associations),
        subnets=frozenset(
            association["SubnetId"] for association in associations if association.get("SubnetId")
        ),
        routes=_routes(table.get("Routes", ())),
    )


def _routes(routes: Iterable[RouteTypeDef]) -> Mapping[Cidr, str]:
    found: dict[Cidr, str] = {}
    for route in routes:
        destination = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
        if destination and route.get("State") != "blackhole":
            found[_cidr(destination)] = _target(route)
    return found


def _target(route: RouteTypeDef) -> str:
    return (
        route.get("GatewayId")
        or route.get("NatGatewayId")
        or route.get("NetworkInterfaceId")
        or route.get("InstanceId")
        or ""
    )
