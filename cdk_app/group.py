"""One Auto Scaling group whose instances get the applications of its environment in Deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import Arn, ArnComponents, ArnFormat, Duration, Names, Stack
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, DependencyGroup

from cdk_app.events import DETAIL_TYPES, SUCCESSFUL, GroupEvents
from cdk_app.gate import Gate
from cdk_app.group_items import group_items
from cdk_app.group_options import check_endpoint, check_environment, check_existing, check_new
from cdk_app.hooks import LifecycleHooks
from cdk_app.host_template import HostTemplate
from cdk_app.hub import DeployHub
from cdk_app.login_access import LoginAccess
from cdk_app.registration import Registration
from cdk_app.scaling_group import ScalingGroup
from cdk_app.schedule import ReconcileSchedule
from cdk_app.seed import Seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_scheduler as scheduler

    from cdk_app.delivery import EndpointDelivery
    from cdk_app.deploy_server import DeployServer
    from cdk_app.login import Login
    from cdk_app.ssh_access import SshAccess

__all__ = ["DeployedAutoScalingGroup"]

_DEFAULT_GATE = Gate()


@jsii.implements(ec2.IConnectable)
class DeployedAutoScalingGroup(Construct):
    """Auto Scaling group that Digital.ai Deploy keeps deployed to.

    Every instance appears in Deploy as a host of the environment named as the group, gets each application
    of that environment before it is in service, and is undeployed before it dies.

    Parameters
    ----------
    hub
        What it shares with other groups (- a hub of its own, made from `deploy`, `bastion`, `vpc` and
        `delivery`).
    deploy, bastion, vpc, delivery
        As in :class:`~cdk_app.hub.DeployHub`; only without `hub`.
    existing_group
        Group to use, by object or by `AutoScalingGroup.from_auto_scaling_group_name` (- a new one). One
        imported by name must let the bastion in by itself.
    group_name
        Name of the new group and of its environment (- made from the construct's path). Another name is
        another group: the old one is removed with all that belongs to it.
    max_capacity
        Most instances of the new group. The least is 0 and the desired number is not set, so a deployment
        of the stack never changes how many there are.
    instance_type
        Type of the new group's instances (- t4g.small).
    machine_image
        Image of the new group's instances (- the latest Amazon Linux 2023 for the type's architecture).
    user_data
        What the new group's instances run when they start for the first time (- nothing).
    block_devices
        Disks of the new group's instances (- an encrypted root under the name it has in Amazon's images; give
        yours with an image that has another).
    host_template
        Connection properties of the hosts (- SSH as ec2-user on Linux).
    login
        How Deploy logs in to the hosts (- as the hub says).
    environment
        Id of the environment; ``{group}`` stands for the group's CI name (- ``Environments/{group}``).
    application_order
        Names of applications that are deployed first, one after the other (- all side by side).
    gate
        Lifecycle hooks (- both, with default times). ``None``: events only; instances are in service at
        once, and are gone before they are undeployed. The endpoint delivery has no gate.
    reconcile_interval
        Time between two reconciles without an event (- 5 minutes). The endpoint delivery has none.

    Attributes
    ----------
    hub : cdk_app.hub.DeployHub
        What it shares.
    auto_scaling_group : aws_cdk.aws_autoscaling.IAutoScalingGroup
        The group.
    scaling_group : cdk_app.scaling_group.ScalingGroup or None
        Launch template, security group and role with it, if they are ours.
    group_name, group_key : str
        Its name, and the short name by which API and queue know it.
    environment, infrastructure : str
        Ids in Deploy with ``{group}`` for the group's CI name: the environment, the hosts' directory.
    seed : cdk_app.seed.Seed
        Its configuration items in Deploy.
    rule : aws_cdk.aws_events.Rule
        The rule for its events.
    schedule : aws_cdk.aws_scheduler.Schedule or None
        The schedule; None with endpoint delivery.
    connections : aws_cdk.aws_ec2.Connections
        Of the instances.

    Raises
    ------
    ValueError
        If options exclude each other or one has a value that AWS or Deploy would refuse.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        hub: DeployHub | None = None,
        deploy: DeployServer | None = None,
        bastion: SshAccess | None = None,
        vpc: ec2.IVpc | None = None,
        delivery: EndpointDelivery | None = None,
        existing_group: autoscaling.IAutoScalingGroup | None = None,
        group_name: str | None = None,
        max_capacity: int | None = None,
        instance_type: ec2.InstanceType | None = None,
        machine_image: ec2.IMachineImage | None = None,
        user_data: ec2.UserData | None = None,
        block_devices: Sequence[ec2.BlockDevice] | None = None,
        host_template: HostTemplate | None = None,
        login: Login | None = None,
        environment: str = "Environments/{group}",
        application_order: Sequence[str] = (),
        gate: Gate | None = _DEFAULT_GATE,
        reconcile_interval: Duration | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        check_environment(environment)
        template = host_template or HostTemplate()
        self.hub = hub = _hub(self, hub, deploy, bastion, vpc, delivery)
        if hub.by_endpoint:
            check_endpoint(
                {
                    "gate": None if gate is _DEFAULT_GATE else gate,
                    "application_order": application_order or None,
                    "address": None if template.address == "private-ipv4" else template.address,
                    "reconcile_interval": reconcile_interval,
                }
            )
            gate = None
        login = hub.completed(login)
        # All that belongs to the group is under its name: another name replaces all of it together, so that
        # the old group is still served until its last instance is gone.
        named = Construct(self, group_name) if group_name else self
        self.group_key = Names.unique_resource_name(named, max_length=100, separator="-")
        self.environment = environment
        self.infrastructure = f"Infrastructure/{hub.region_directory}/{{group}}"
        self.templates = [
            f"Configuration/{hub.region_directory}/{{group}}",
            f"Infrastructure/{hub.region_directory}/{{group}}-template",
        ]
        self.scaling_group: ScalingGroup | None = None
        if existing_group is not None:
            check_existing(
                {
                    "group_name": group_name,
                    "max_capacity": max_capacity,
                    "instance_type": instance_type,
                    "machine_image": machine_image,
                    "user_data": user_data,
                    "block_devices": block_devices,
                }
            )
            self.auto_scaling_group = existing_group
            self.group_name = existing_group.auto_scaling_group_name
        else:
            # Known before the group exists, because the seed comes first and goes last.
            self.group_name = group_name or self.group_key
            self.scaling_group = ScalingGroup(
                named,
                "Instances",
                group_name=self.group_name,
                vpc=hub.vpc,
                subnets=hub.group_subnets,
                max_capacity=check_new(group_name, max_capacity),
                instance_type=instance_type,
                machine_image=machine_image,
                user_data=user_data,
                block_devices=block_devices,
                key_pair=login.key_pair,
                gate=gate,
            )
            self.auto_scaling_group = self.scaling_group.auto_scaling_group
        hub.register(self.group_name, self.node.path)
        if connections := self._connections():
            hub.admit_ssh(connections, template)
        self.seed = Seed(
            named,
            "Seed",
            seeder=hub.seeder,
            record=self.group_key,
            items=group_items(self, template, login),
            group_name=self.group_name,
            hosts=self.infrastructure,
        )
        self.seed.node.add_dependency(hub.seed)
        if login is not hub.login:
            access = LoginAccess(named, "LoginAccess", login=login, roles=hub.function_roles)
            self.seed.node.add_dependency(access)
        events = GroupEvents(
            named,
            "Events",
            api=hub.api,
            detail_types=SUCCESSFUL if hub.by_endpoint else DETAIL_TYPES,
            dead_letter_queue=hub.events_dead_letter_queue,
            auto_scaling_group_name=self.group_name,
            group_key=self.group_key,
        )
        self.rule = events.rule
        served = DependencyGroup(self.seed, events, hub.in_operation)
        self.schedule: scheduler.Schedule | None = None
        if not hub.by_endpoint:
            registration = Registration(
                named,
                "Registration",
                group=self,
                template=template,
                login=login,
                gate=gate,
                order=application_order,
            )
            self.seed.node.add_dependency(registration)
            schedule = ReconcileSchedule(
                named,
                "Schedule",
                queue=hub.queue,
                group_key=self.group_key,
                interval=reconcile_interval or Duration.minutes(5),
            )
            self.schedule = schedule.schedule
            served.add(registration)
            served.add(schedule)
        if self.scaling_group is not None:
            self.scaling_group.last_to_come(served)
        elif gate is not None:
            LifecycleHooks(named, "Hooks", group_name=self.group_name, gate=gate).node.add_dependency(served)

    @property
    def connections(self) -> ec2.Connections:
        """Connections of the instances.

        Raises
        ------
        ValueError
            If the group was imported by name, which tells nothing about security groups.
        """
        connections = self._connections()
        if connections is None:
            raise ValueError(
                "connections of the group: got a group imported by name, expected one by object; "
                "add rules to its security group yourself"
            )
        return connections

    def grant_reconcile(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody have the group reconciled: ``POST /groups/{key}/reconcile``, signed.

        Raises
        ------
        ValueError
            If the hub has endpoint delivery, where there is nobody to reconcile.
        """
        if self.hub.by_endpoint:
            raise ValueError(
                "grant_reconcile of the group: got a hub with endpoint delivery, expected handler delivery; "
                "send the endpoint an event of the instance instead"
            )
        api = self.hub.api
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["execute-api:Invoke"],
            resource_arns=[
                api.arn_for_execute_api(
                    "POST", f"/groups/{self.group_key}/reconcile", api.deployment_stage.stage_name
                )
            ],
        )

    def grant_scale(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody set how many instances are desired."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["autoscaling:SetDesiredCapacity"], resource_arns=[self.group_arn]
        )

    @property
    def group_arn(self) -> str:
        """ARN of the group for policies; the id that Auto Scaling puts into it is left open."""
        return Arn.format(
            ArnComponents(
                service="autoscaling",
                resource="autoScalingGroup",
                resource_name=f"*:autoScalingGroupName/{self.group_name}",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
            Stack.of(self),
        )

    def _connections(self) -> ec2.Connections | None:
        if isinstance(self.auto_scaling_group, autoscaling.AutoScalingGroup):
            return self.auto_scaling_group.connections
        return None


def _hub(
    scope: Construct,
    hub: DeployHub | None,
    deploy: DeployServer | None,
    bastion: SshAccess | None,
    vpc: ec2.IVpc | None,
    delivery: EndpointDelivery | None,
) -> DeployHub:
    if hub is None:
        if deploy is None or bastion is None:
            missing = " and ".join(
                name for name, value in (("deploy", deploy), ("bastion", bastion)) if value is None
            )
            raise ValueError(
                f"hub of the group: got neither hub nor {missing}, expected one of them; "
                "pass hub= to share one, or deploy= and bastion= for one of its own"
            )
        return DeployHub(scope, "Hub", deploy=deploy, bastion=bastion, vpc=vpc, delivery=delivery)
    if any(option is not None for option in (deploy, bastion, vpc, delivery)):
        raise ValueError(
            "hub of the group: got hub together with deploy, bastion, vpc or delivery, expected only hub; "
            "pass those to the hub"
        )
    return hub
