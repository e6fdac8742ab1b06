"""The network of a hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2

from cdk_app.acknowledgements import acknowledge
from cdk_app.options import check_no_text

if TYPE_CHECKING:
    from constructs import Construct

__all__ = ["network", "selected_subnets"]

_CIDR = "10.20.0.0/16"


def network(scope: Construct, vpc: ec2.IVpc | None, cidr: str | None) -> ec2.IVpc:
    """Return the network given, or a new one over two Availability Zones with one NAT gateway.

    Parameters
    ----------
    scope
        Where a new one belongs.
    vpc
        A network that exists.
    cidr
        Range of a new one (- 10.20.0.0/16).

    Raises
    ------
    ValueError
        If a range is given for a network that has one.
    TypeError
        If `vpc` is text.
    """
    check_no_text("vpc", vpc, "a network; look it up with Vpc.from_lookup(…)")
    if vpc is not None:
        if cidr is not None:
            raise ValueError(
                f"vpc_cidr: got {cidr!r} together with vpc, expected one of them; "
                "an existing network has its range"
            )
        return vpc
    new = ec2.Vpc(
        scope,
        "Vpc",
        ip_addresses=ec2.IpAddresses.cidr(_CIDR if cidr is None else cidr),
        max_azs=2,
        nat_gateways=1,
        # Nothing of ours is in the default security group; emptying it would take one more function.
        restrict_default_security_group=False,
    )
    acknowledge(
        new,
        "AwsSolutions-VPC7",
        "A network for a first look. Who wants flow logs passes the network that has them.",
    )
    return new


def selected_subnets(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> ec2.SelectedSubnets:
    """Return the subnets of a selection (- the private ones with a way out)."""
    chosen = selection or ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
    return vpc.select_subnets(
        availability_zones=chosen.availability_zones,
        one_per_az=chosen.one_per_az,
        subnet_filters=chosen.subnet_filters,
        subnet_group_name=chosen.subnet_group_name,
        subnets=chosen.subnets,
        subnet_type=chosen.subnet_type,
    )
