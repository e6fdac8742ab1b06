"""The network of a hub that was given none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2

from cdk_app.acknowledgements import acknowledge

if TYPE_CHECKING:
    from constructs import Construct

__all__ = ["new_vpc"]


def new_vpc(scope: Construct, cidr: str) -> ec2.Vpc:
    """Return a network over two Availability Zones with one NAT gateway.

    Parameters
    ----------
    scope
        Where it belongs.
    cidr
        Its range.
    """
    vpc = ec2.Vpc(
        scope,
        "Vpc",
        ip_addresses=ec2.IpAddresses.cidr(cidr),
        max_azs=2,
        nat_gateways=1,
        # Nothing of ours is in the default security group; emptying it would take one more function.
        restrict_default_security_group=False,
    )
    acknowledge(
        vpc,
        "AwsSolutions-VPC7",
        "A network for a first look. Who wants flow logs passes the network that has them.",
    )
    return vpc
