"""One Auto Scaling group whose instances get the applications of its environment in Deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, DependencyGroup

from cdk_app.events import DETAIL_TYPES, SUCCESSFUL, GroupEvents
from cdk_app.gate import Gate
from cdk_app.group_hub import hub_of_group
from cdk_app.group_items import group_seed
from cdk_app.group_names import GroupNames
from cdk_app.hooks import LifecycleHooks
from cdk_app.host_template import HostTemplate
from cdk_app.instance_access import known_connections
from cdk_app.login import check_login
from cdk_app.options import (
    check_environment,
    check_existing,
    check_interval,
    check_name,
    check_order,
    check_type,
    refuse_with_endpoint,
)
from cdk_app.registration import Registration
from cdk_app.scaling_group import InstanceOptions, ScalingGroup
from cdk_app.schedule import ReconcileSchedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import Duration
    from aws_cdk import aws_scheduler as scheduler

    from cdk_app.delivery import EndpointDelivery
    from cdk_app.deploy_server import DeployServer
    from cdk_app.hub import DeployHub
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
        imported by name, or with an imported launch template, must let the bastion in by itself.
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
        What the new group's instances run when they start for the first time (- nothing; give an empty one to
        add commands to it later).
    block_devices
        Disks of the new group's instances (- an encrypted root under the name it has in Amazon's images; give
        yours with an image that has another).
    host_template
        Connection properties of the hosts (- SSH as ec2-user on Linux).
    login
        How Deploy logs in to the hosts (- as the hub says).
    environment
        Id of the environment, which no two groups share; ``{group}`` stands for the group's CI name (-
        ``Environments/{group}``).
    application_order
        Names of applications that are deployed first, one after the other (- all side by side). Where one of
        them fails, those after it wait.
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
    TypeError
        If `hub` or `login` is something else.
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
        check_name(group_name)
        check_existing(existing_group)
        check_environment(environment)
        check_order(application_order)
        interval = check_interval(reconcile_interval)
        template = HostTemplate() if host_template is None else host_template
        check_type("host_template", template, HostTemplate, "pass a HostTemplate")
        check_type("gate", gate, Gate | None, "pass None for no hooks")
        self.hub = hub = hub_of_group(self, hub, deploy, bastion, vpc, delivery, login)
        if hub.by_endpoint:
            asked = None if gate is _DEFAULT_GATE else gate
            refuse_with_endpoint(template, asked, application_order, reconcile_interval)
            gate = None
        login = hub.access.completed(login)
        check_login(login, template)
        # All that belongs to the group is under its name: another name replaces all of it together, so that
        # the old group is still served until its last instance is gone.
        named = Construct(self, group_name) if group_name else self
        self._names = names = GroupNames.of(
            named,
            group=existing_group.auto_scaling_group_name if existing_group else group_name,
            environment=environment,
            directory=hub.region_directory,
            template=template,
        )
        self.group_name, self.group_key = names.group, names.key
        self.environment, self.infrastructure = names.environment, names.infrastructure
        options = InstanceOptions(
            max_capacity=max_capacity,
            instance_type=instance_type,
            machine_image=machine_image,
            user_data=user_data,
            block_devices=block_devices,
        )
        self.auto_scaling_group: autoscaling.IAutoScalingGroup
        self.scaling_group: ScalingGroup | None = None
        if existing_group is None:
            self.scaling_group = self._instances(named, options, login, gate)
            self.auto_scaling_group = self.scaling_group.auto_scaling_group
        else:
            options.refuse_beside_existing(group_name)
            self.auto_scaling_group = existing_group
        hub.taken_names.take(names, self.node.path)
        hub.access.admit(named, known_connections(self.auto_scaling_group), template)
        self.seed = group_seed(named, hub, names, template, login)
        events = self._events(named)
        self.rule = events.rule
        served = DependencyGroup(self.seed, events, hub.in_operation)
        self.schedule: scheduler.Schedule | None = None
        if not hub.by_endpoint:
            served.add(self._registration(named, template, login, gate, application_order))
            schedule = ReconcileSchedule(
                named, "Schedule", queue=hub.queue, group_key=self.group_key, interval=interval
            )
            self.schedule = schedule.schedule
            served.add(schedule)
        self._start_after(served, named, gate)

    @property
    def connections(self) -> ec2.Connections:
        """Connections of the instances.

        Raises
        ------
        ValueError
            If the group was imported by name, or its launch template was, which tells nothing about security
            groups.
        """
        connections = known_connections(self.auto_scaling_group)
        if connections is None:
            raise ValueError(
                "connections of the group: got a group whose security groups are not known, as of one "
                "imported by name, expected one by object; add rules to its security group yourself"
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
            grantee=grantee, actions=["autoscaling:SetDesiredCapacity"], resource_arns=[self._names.arn(self)]
        )

    def _instances(
        self, named: Construct, options: InstanceOptions, login: Login, gate: Gate | None
    ) -> ScalingGroup:
        return ScalingGroup(
            named,
            "Instances",
            group_name=self.group_name,
            vpc=self.hub.vpc,
            subnets=self.hub.group_subnets,
            options=options,
            key_pair=login.key_pair,
            gate=gate,
        )

    def _start_after(self, served: DependencyGroup, named: Construct, gate: Gate | None) -> None:
        """Let nothing launch or terminate before everything hears of it, and let that go last."""
        if self.scaling_group is not None:
            self.scaling_group.last_to_come(served)
        elif gate is not None:
            LifecycleHooks(named, "Hooks", group_name=self.group_name, gate=gate).node.add_dependency(served)

    def _events(self, named: Construct) -> GroupEvents:
        hub = self.hub
        return GroupEvents(
            named,
            "Events",
            api=hub.api,
            path="/events" if hub.by_endpoint else f"/groups/{self.group_key}/events",
            detail_types=SUCCESSFUL if hub.by_endpoint else DETAIL_TYPES,
            dead_letter_queue=hub.events_dead_letter_queue,
            auto_scaling_group_name=self.group_name,
            group_key=self.group_key,
        )

    def _registration(
        self,
        named: Construct,
        template: HostTemplate,
        login: Login,
        gate: Gate | None,
        order: Sequence[str],
    ) -> Registration:
        registration = Registration(
            named,
            "Registration",
            hub=self.hub,
            names=self._names,
            template=template,
            login=login,
            gate=gate,
            order=order,
        )
        self.seed.node.add_dependency(registration)
        return registration
