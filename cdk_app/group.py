"""One Auto Scaling group whose instances get the applications of its environment in Deploy."""

from __future__ import annotations

from aws_cdk import Arn, ArnComponents, ArnFormat, Duration, Names, Stack
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk_app.events import GroupEvents
from cdk_app.hub import DeployHub
from cdk_app.options import DOCUMENTATION_ADDRESS, DeployServer, Gate, HostTemplate, NewBastion
from cdk_app.schedule import ReconcileSchedule
from cdk_app.seed import ConfigurationItem, Seed

__all__ = ["DeployedAutoScalingGroup"]

_LAUNCH_HOOK = "deploy"
_TERMINATION_HOOK = "undeploy"


class DeployedAutoScalingGroup(Construct):
    """Auto Scaling group that Digital.ai Deploy keeps deployed to.

    Every instance appears in Deploy as a host of the environment named as the group, gets each application
    of that environment before it is in service, and is undeployed before it dies.

    Parameters
    ----------
    hub
        What it shares with other groups (- a hub of its own, made from `deploy`, `bastion` and `vpc`).
    deploy, bastion, vpc
        As in :class:`~cdk_app.hub.DeployHub`; only without `hub`.
    group_name
        Name of the group and of its environment (- made from the construct's path).
    max_capacity
        Most instances. The least is 0 and the desired number is not set, so a deployment of the stack
        never changes how many there are.
    instance_type
        Type of the instances (- t4g.small).
    machine_image
        Image of the instances (- the latest Amazon Linux 2023 for the type's architecture).
    host_template
        Connection properties of the hosts.
    gate
        Lifecycle hooks (- both, with default times). ``None``: events only; instances are in service at
        once, and are gone before they are undeployed.
    reconcile_interval
        Time between two reconciles without an event (- 5 minutes).

    Attributes
    ----------
    hub : cdk_app.hub.DeployHub
        What it shares.
    auto_scaling_group : aws_cdk.aws_autoscaling.AutoScalingGroup
        The group.
    launch_template : aws_cdk.aws_ec2.LaunchTemplate
        What its instances are launched from.
    security_group : aws_cdk.aws_ec2.SecurityGroup
        Security group of the instances.
    role : aws_cdk.aws_iam.Role
        Role of the instances, without permissions at first.
    group_name, group_key : str
        Its name, and the short name by which API and queue know it.
    environment, infrastructure : str
        Ids in Deploy with ``{group}`` for the group's CI name: the environment, the hosts' directory.

    Raises
    ------
    ValueError
        If both or neither of `hub` and `deploy` are given.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        hub: DeployHub | None = None,
        deploy: DeployServer | None = None,
        bastion: NewBastion | None = None,
        vpc: ec2.IVpc | None = None,
        group_name: str | None = None,
        max_capacity: int,
        instance_type: ec2.InstanceType | None = None,
        machine_image: ec2.IMachineImage | None = None,
        host_template: HostTemplate | None = None,
        gate: Gate | None = Gate(),  # noqa: B008 - frozen, so sharing it is harmless
        reconcile_interval: Duration | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if hub is None:
            if deploy is None or bastion is None:
                raise ValueError(
                    "hub of the group: got neither hub nor deploy and bastion, expected one of them; "
                    "pass hub= to share one, or deploy= and bastion= for one of its own"
                )
            hub = DeployHub(self, "Hub", deploy=deploy, bastion=bastion, vpc=vpc)
        elif deploy is not None or bastion is not None or vpc is not None:
            raise ValueError(
                "hub of the group: got hub together with deploy, bastion or vpc, expected only hub; "
                "pass those to the hub"
            )
        self.hub = hub
        self.group_key = Names.unique_resource_name(self, max_length=100, separator="-")
        # Known before the group exists, because the seed comes first and goes last.
        self.group_name = group_name or self.group_key
        self.environment = "Environments/{group}"
        self.infrastructure = f"Infrastructure/{hub.region_directory}/{{group}}"
        self._gate = gate
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=hub.vpc, description=f"Instances of {self.group_name}"
        )
        self.security_group.add_ingress_rule(
            hub.bastion.security_group, ec2.Port.SSH, "SSH through the bastion"
        )
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        self.launch_template = self._launch_template(
            instance_type or ec2.InstanceType("t4g.small"), machine_image
        )
        self.auto_scaling_group = self._auto_scaling_group(max_capacity)
        self.templates = [
            f"Configuration/{hub.region_directory}/{{group}}",
            f"Infrastructure/{hub.region_directory}/{{group}}-template",
        ]
        self.seed = Seed(
            self,
            "Seed",
            seeder=hub.seeder,
            record=self.group_key,
            items=self._items(host_template or HostTemplate()),
            group_name=self.group_name,
            hosts=self.infrastructure,
        )
        self.seed.node.add_dependency(hub.seed)
        self.parameter = self._parameter()
        events = GroupEvents(
            self,
            "Events",
            api=hub.api,
            dead_letter_queue=hub.events_dead_letter_queue,
            auto_scaling_group_name=self.group_name,
            group_key=self.group_key,
        )
        self.rule = events.rule
        schedule = ReconcileSchedule(
            self,
            "Schedule",
            queue=hub.queue,
            group_key=self.group_key,
            interval=reconcile_interval or Duration.minutes(5),
        )
        self.schedule = schedule.schedule
        # First to come, last to go: a group's last terminations need all of this.
        cfn_group = self.auto_scaling_group.node.default_child
        assert cfn_group is not None  # noqa: S101 - for the type checker
        cfn_group.node.add_dependency(
            self.seed,
            self.parameter,
            events,
            schedule,
            self._reconciler_policy(),
            hub.in_operation,
            hub.group_subnets.internet_connectivity_established,
        )

    def _launch_template(
        self, instance_type: ec2.InstanceType, machine_image: ec2.IMachineImage | None
    ) -> ec2.LaunchTemplate:
        arm = instance_type.architecture == ec2.InstanceArchitecture.ARM_64
        return ec2.LaunchTemplate(
            self,
            "LaunchTemplate",
            instance_type=instance_type,
            machine_image=machine_image
            or ec2.MachineImage.latest_amazon_linux2023(
                cpu_type=ec2.AmazonLinuxCpuType.ARM_64 if arm else ec2.AmazonLinuxCpuType.X86_64,
                kernel=ec2.AmazonLinux2023Kernel.DEFAULT,
            ),
            security_group=self.security_group,
            role=self.role,
            key_pair=self.hub.key_pair,
            require_imdsv2=True,
            http_tokens=ec2.LaunchTemplateHttpTokens.REQUIRED,
            http_put_response_hop_limit=1,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        8, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3
                    ),
                )
            ],
        )

    def _auto_scaling_group(self, max_capacity: int) -> autoscaling.AutoScalingGroup:
        group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            auto_scaling_group_name=self.group_name,
            vpc=self.hub.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=self.hub.group_subnets.subnets),
            launch_template=self.launch_template,
            min_capacity=0,
            max_capacity=max_capacity,
        )
        if self._gate:
            cfn_group = group.node.default_child
            assert isinstance(cfn_group, autoscaling.CfnAutoScalingGroup)  # noqa: S101 - for the type checker
            seconds = int(self._gate.heartbeat_timeout.to_seconds())
            # Inside the group, so that they are there before its first instance.
            cfn_group.lifecycle_hook_specification_list = [
                autoscaling.CfnAutoScalingGroup.LifecycleHookSpecificationProperty(
                    lifecycle_hook_name=name,
                    lifecycle_transition=f"autoscaling:EC2_INSTANCE_{transition}",
                    heartbeat_timeout=seconds,
                    default_result=result,
                )
                for name, transition, result in (
                    (_LAUNCH_HOOK, "LAUNCHING", self._gate.on_failure),
                    (_TERMINATION_HOOK, "TERMINATING", "CONTINUE"),
                )
            ]
        return group

    def _items(self, template: HostTemplate) -> list[ConfigurationItem]:
        properties = {
            **template.rendered(),
            "address": DOCUMENTATION_ADDRESS,
            "jumpstation": self.hub.jumpstation,
        }
        secrets = {"privateKey": self.hub.key_source}
        preferred, plain = self.templates
        return [
            ConfigurationItem(id=self.environment, type="udm.Environment"),
            ConfigurationItem(id=self.infrastructure, type="core.Directory"),
            ConfigurationItem(
                id=preferred,
                type="aws.asg.ec2SshHostTemplate",
                properties=properties,
                secret_properties=secrets,
                otherwise=ConfigurationItem(
                    id=plain, type="overthere.SshHost", properties=properties, secret_properties=secrets
                ),
            ),
        ]

    def _parameter(self) -> ssm.StringParameter:
        hooks = {"launch": _LAUNCH_HOOK, "terminate": _TERMINATION_HOOK} if self._gate else None
        settings = {
            "autoScalingGroup": self.group_name,
            "environment": self.environment,
            "infrastructure": self.infrastructure,
            "templates": self.templates,
            "jumpstation": self.hub.jumpstation,
            "secretProperties": {"privateKey": self.hub.key_source.rendered()},
            "hooks": hooks,
            "onFailure": self._gate.on_failure if self._gate else "CONTINUE",
        }
        return ssm.StringParameter(
            self,
            "Settings",
            parameter_name=f"{self.hub.groups_prefix}/{self.group_key}",
            description=f"What the reconciler knows of {self.group_key}",
            string_value=Stack.of(self).to_json_string(settings),
        )

    def _reconciler_policy(self) -> iam.Policy:
        """Return what the reconciler may do to this group: in the group's scope, so that it goes with it."""
        arn = Arn.format(
            ArnComponents(
                service="autoscaling",
                resource="autoScalingGroup",
                # The first part is an id that Auto Scaling makes.
                resource_name=f"*:autoScalingGroupName/{self.group_name}",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
            Stack.of(self),
        )
        return iam.Policy(
            self,
            "ReconcilerPolicy",
            roles=[self.hub.reconciler.role],
            statements=[
                iam.PolicyStatement(
                    actions=[
                        "autoscaling:CompleteLifecycleAction",
                        "autoscaling:RecordLifecycleActionHeartbeat",
                    ],
                    resources=[arn],
                )
            ],
        )
