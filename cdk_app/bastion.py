"""The bastion: the one way for SSH from Deploy to private instances."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.acknowledgements import acknowledge, acknowledge_wild_card

if TYPE_CHECKING:
    from cdk_app.ssh_access import NewBastion

__all__ = ["JUMP_USER", "Bastion"]

JUMP_USER = "jump"
"""The bastion's only SSH user. It has no shell."""

_SET_UP = Path(__file__).resolve().parent / "templates" / "bastion.sh"


@jsii.implements(ec2.IConnectable)
class Bastion(Construct):
    """Small instance in a public subnet with a fixed address, forwarding SSH to the groups' subnets.

    Parameters
    ----------
    vpc
        Network with at least one public subnet.
    key_pair
        Key pair whose key the jump user accepts.
    target_subnets
        Subnets whose port 22 can be reached through it, and nothing else.
    options
        Who may connect, and the subnets' IPv6 ranges.

    Attributes
    ----------
    instance : aws_cdk.aws_ec2.Instance
        The instance.
    security_group : aws_cdk.aws_ec2.SecurityGroup
        Its security group.
    connections : aws_cdk.aws_ec2.Connections
        Connections of that.
    elastic_ip : aws_cdk.aws_ec2.CfnEIP
        Its address, which outlives a replacement of the instance.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        key_pair: ec2.IKeyPair,
        target_subnets: Sequence[ec2.ISubnet],
        options: NewBastion,
    ) -> None:
        super().__init__(scope, construct_id)
        targets = [subnet.ipv4_cidr_block for subnet in target_subnets]
        self.security_group = self._security_group(vpc, targets, options)
        self.role = _session_manager_role(self)
        targets_ipv6 = list(options.target_ipv6_cidrs)
        for cidr in targets_ipv6:
            self.security_group.add_egress_rule(
                ec2.Peer.ipv6(cidr), ec2.Port.SSH, "SSH to the instances by IPv6"
            )
        subnets = " ".join([*targets, *targets_ipv6])
        user_data = ec2.UserData.custom(f"#!/bin/bash\nSUBNETS='{subnets}'\n{_set_up_script()}")
        self.instance = ec2.Instance(
            self,
            "Instance",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC, one_per_az=True),
            instance_type=ec2.InstanceType("t4g.nano"),
            machine_image=ec2.MachineImage.latest_amazon_linux2023(
                cpu_type=ec2.AmazonLinuxCpuType.ARM_64, kernel=ec2.AmazonLinux2023Kernel.DEFAULT
            ),
            security_group=self.security_group,
            role=self.role,
            key_pair=key_pair,
            user_data=user_data,
            # User data runs once in an instance's life.
            user_data_causes_replacement=True,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        8, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3
                    ),
                )
            ],
        )
        # Not by options of the instance: not every supported CDK has them.
        self.instance.instance.metadata_options = ec2.CfnInstance.MetadataOptionsProperty(
            http_tokens="required", http_put_response_hop_limit=1
        )
        if targets_ipv6:
            self.instance.instance.ipv6_address_count = 1
        self.instance.node.add_dependency(self.role)
        acknowledge(
            self.instance,
            "AwsSolutions-EC26",
            "Its volume is encrypted; the rule fails on an instance without launch template beside one with.",
        )
        acknowledge(
            self.instance,
            "AwsSolutions-EC28",
            "It holds no state and does one small thing: the status checks that are free tell if it does it.",
        )
        acknowledge(
            self.instance,
            "AwsSolutions-EC29",
            "Its replacement is part of an update, and a protected instance would stop that.",
        )
        self.elastic_ip = ec2.CfnEIP(self, "Address", domain="vpc", instance_id=self.instance.instance_id)
        self.elastic_ip.node.add_dependency(vpc.internet_connectivity_established)
        self.address = self.elastic_ip.attr_public_ip

    @property
    def connections(self) -> ec2.Connections:
        """Its connections: forwarding is limited to port 22 of the groups' subnets all the same."""
        return self.security_group.connections

    def _security_group(
        self, vpc: ec2.IVpc, targets: Sequence[str], options: NewBastion
    ) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=vpc,
            description="Bastion for SSH from Deploy",
            allow_all_outbound=False,
        )
        for cidr in options.allowed_cidrs:
            peer = ec2.Peer.ipv6(cidr) if ":" in cidr else ec2.Peer.ipv4(cidr)
            group.add_ingress_rule(peer, ec2.Port.SSH, "SSH from Deploy")
        for cidr in targets:
            group.add_egress_rule(ec2.Peer.ipv4(cidr), ec2.Port.SSH, "SSH to the instances")
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "Session Manager and updates")
        return group


def _set_up_script() -> str:
    return _SET_UP.read_text(encoding="utf-8").removeprefix("#!/bin/bash\n")


def _session_manager_role(scope: Construct) -> iam.Role:
    """Return a role with what Session Manager needs, without the parameter reads of AWS's managed policy."""
    role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    acknowledge_wild_card(
        role,
        "*",
        "Session Manager's own channels cannot be limited to a resource.",
    )
    role.add_to_principal_policy(
        iam.PolicyStatement(
            actions=[
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            resources=["*"],
        )
    )
    return role
