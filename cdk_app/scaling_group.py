"""The instances: launch template, security group, role and the Auto Scaling group itself."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from aws_cdk import Token
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.options import check_new, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IDependable

    from cdk_app.gate import Gate

__all__ = ["InstanceOptions", "ScalingGroup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceOptions:
    """What the instances of a new group are like, as the group got it.

    Parameters
    ----------
    max_capacity
        Most instances.
    instance_type
        Their type (- t4g.small).
    machine_image
        Their image (- the latest Amazon Linux 2023 for the type's architecture).
    user_data
        What they run when they start for the first time (- nothing).
    block_devices
        Their disks (- an encrypted root of 8 GB, on Windows 30 GB, under the name it has in Amazon's images).
    """

    max_capacity: int | None
    instance_type: ec2.InstanceType | None
    machine_image: ec2.IMachineImage | None
    user_data: ec2.UserData | None
    block_devices: Sequence[ec2.BlockDevice] | None

    def refuse_beside_existing(self, group_name: str | None) -> None:
        """Refuse what was given of these, and the name, beside a group that exists.

        Raises
        ------
        ValueError
            If something was given.
        """
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        refuse(
            {"group_name": group_name, **given},
            "together with existing_group",
            "the existing group decides it",
        )


class ScalingGroup(Construct):
    """Auto Scaling group at minimum 0, desired unset, in private subnets.

    Parameters
    ----------
    group_name
        Its name.
    vpc, subnets
        Where its instances are.
    options
        What they are like.
    key_pair
        Their key pair (- none).
    gate
        Lifecycle hooks (- none).

    Attributes
    ----------
    auto_scaling_group : aws_cdk.aws_autoscaling.AutoScalingGroup
        The group.
    launch_template : aws_cdk.aws_ec2.LaunchTemplate
        What its instances are launched from.
    security_group : aws_cdk.aws_ec2.SecurityGroup
        Security group of the instances.
    role : aws_cdk.aws_iam.Role
        Role of the instances, without permissions at first.

    Raises
    ------
    ValueError
        If no size is given, or EC2 would refuse to launch: Windows on ARM, or with an ED25519 key pair.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        group_name: str,
        vpc: ec2.IVpc,
        subnets: ec2.SelectedSubnets,
        options: InstanceOptions,
        key_pair: ec2.IKeyPair | None,
        gate: Gate | None,
    ) -> None:
        super().__init__(scope, construct_id)
        max_capacity = check_new(options.max_capacity)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="Instances that Deploy deploys to"
        )
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        self.launch_template = self._launch_template(options, key_pair)
        self.auto_scaling_group = autoscaling.AutoScalingGroup(
            self,
            "Resource",
            auto_scaling_group_name=group_name,
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=subnets.subnets),
            launch_template=self.launch_template,
            min_capacity=0,
            max_capacity=max_capacity,
        )
        self._cfn_group = _cfn(self.auto_scaling_group)
        if gate is not None:
            # Inside of the group, so that they are there before its first instance.
            self._cfn_group.lifecycle_hook_specification_list = [*gate.specifications()]
        self._cfn_group.node.add_dependency(subnets.internet_connectivity_established)
        acknowledge(
            self.auto_scaling_group,
            "AwsSolutions-AS3",
            "EventBridge gets its scaling events; a topic would tell the same to fewer.",
        )

    def last_to_come(self, *others: IDependable) -> None:
        """Create the group after everything else, and delete it before."""
        self._cfn_group.node.add_dependency(*others)

    def _launch_template(self, options: InstanceOptions, key_pair: ec2.IKeyPair | None) -> ec2.LaunchTemplate:
        kind = options.instance_type or ec2.InstanceType("t4g.small")
        arm = _is_arm(kind)
        if arm is None and options.machine_image is None:
            raise ValueError(
                "instance_type: got one that is known only at deployment, expected one whose processor is "
                "known, for the default image is made for it; pass machine_image= too"
            )
        image = options.machine_image or ec2.MachineImage.latest_amazon_linux2023(
            cpu_type=ec2.AmazonLinuxCpuType.ARM_64 if arm else ec2.AmazonLinuxCpuType.X86_64
        )
        os_type = image.get_image(self).os_type
        windows = os_type == ec2.OperatingSystemType.WINDOWS
        if windows and arm:
            raise ValueError(
                f"instance_type: got {kind.to_string()} for Windows, expected a type with an x86 processor "
                "such as m7i.large; EC2 has no Windows for ARM"
            )
        if windows and key_pair is not None and key_pair.type == ec2.KeyPairType.ED25519:
            raise ValueError(
                "login of the group: got an ED25519 key pair for Windows, expected an RSA one or none, since "
                "EC2 launches no Windows with it; pass login=StoredPassword(…), CredentialsItem(…) or an RSA "
                "pair"
            )
        return ec2.LaunchTemplate(
            self,
            "LaunchTemplate",
            instance_type=kind,
            machine_image=image,
            user_data=options.user_data,
            security_group=self.security_group,
            role=self.role,
            key_pair=key_pair,
            require_imdsv2=True,
            http_tokens=ec2.LaunchTemplateHttpTokens.REQUIRED,
            http_put_response_hop_limit=1,
            block_devices=[_root(windows)] if options.block_devices is None else list(options.block_devices),
        )


def _is_arm(kind: ec2.InstanceType) -> bool | None:
    """Tell whether it has an ARM processor; None if the type is known only at deployment."""
    if Token.is_unresolved(kind.to_string()):
        return None
    return kind.architecture == ec2.InstanceArchitecture.ARM_64


def _root(windows: bool) -> ec2.BlockDevice:
    return ec2.BlockDevice(
        device_name="/dev/sda1" if windows else "/dev/xvda",
        volume=ec2.BlockDeviceVolume.ebs(
            30 if windows else 8, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3
        ),
    )


def _cfn(group: autoscaling.AutoScalingGroup) -> autoscaling.CfnAutoScalingGroup:
    cfn_group = group.node.default_child
    assert isinstance(cfn_group, autoscaling.CfnAutoScalingGroup)  # noqa: S101 - for the type checker
    return cfn_group
