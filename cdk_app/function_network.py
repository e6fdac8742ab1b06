"""The functions' place in a network, for Deploy servers that only that network reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FunctionNetwork"]


class FunctionNetwork(Construct):
    """Security group of the functions in private subnets.

    Parameters
    ----------
    vpc, subnets
        Where they run; these subnets need a way to AWS's services (NAT or interface endpoints).
    ports
        TCP ports that the functions connect to, besides HTTPS.

    Attributes
    ----------
    security_group : aws_cdk.aws_ec2.SecurityGroup
        The functions' security group; let it into the Deploy server's.
    subnets : aws_cdk.aws_ec2.SubnetSelection
        The subnets.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        subnets: ec2.SelectedSubnets,
        ports: Sequence[int],
    ) -> None:
        super().__init__(scope, construct_id)
        self.vpc = vpc
        self.subnets = ec2.SubnetSelection(subnets=subnets.subnets)
        self.connectivity = subnets.internet_connectivity_established
        self.security_group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=vpc,
            description="Functions that talk to Deploy",
            allow_all_outbound=False,
        )
        for port in sorted({443, *ports}):
            self.security_group.add_egress_rule(
                ec2.Peer.any_ipv4(), ec2.Port.tcp(port), "Deploy and the services of AWS"
            )

    def grant(self, role: iam.Role) -> None:
        """Let a function have network interfaces here."""
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[
                    "ec2:AssignPrivateIpAddresses",
                    "ec2:CreateNetworkInterface",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSubnets",
                    "ec2:UnassignPrivateIpAddresses",
                ],
                resources=["*"],
            )
        )
