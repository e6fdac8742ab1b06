"""What makes a group known to the reconciler: its settings, and permissions that go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk_app.acknowledgements import acknowledge_wild_card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_app.gate import Gate
    from cdk_app.group_names import GroupNames
    from cdk_app.host_template import HostTemplate
    from cdk_app.hub import DeployHub
    from cdk_app.login import Login

__all__ = ["Registration"]


class Registration(Construct):
    """SSM parameter with a group's settings, and what the functions may do to the group.

    The permissions are a policy in the group's scope, not part of the hub's: when a stack loses one of two
    groups, they stay until its last instance is gone.

    Parameters
    ----------
    hub
        What the group shares with others.
    names
        What it is called.
    template, login, gate, order
        As the group got them.

    Attributes
    ----------
    parameter : aws_cdk.aws_ssm.StringParameter
        The settings.
    policy : aws_cdk.aws_iam.Policy
        The permissions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        hub: DeployHub,
        names: GroupNames,
        template: HostTemplate,
        login: Login,
        gate: Gate | None,
        order: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        settings: dict[str, Any] = {
            "autoScalingGroup": names.group,
            "environment": names.environment,
            "infrastructure": names.infrastructure,
            "templates": list(names.templates),
            "jumpstation": hub.jumpstation,
            "secretProperties": {name: dict(each) for name, each in login.secret_properties().items()},
            "hooks": {**gate.names, "timeout": gate.heartbeat_timeout.to_seconds()} if gate else None,
            "onFailure": gate.on_failure if gate else "CONTINUE",
        }
        if order:
            settings["order"] = list(order)
        if template.type != "overthere.SshHost":
            settings["hostType"] = template.type
        if template.address != "private-ipv4":
            settings["address"] = template.address
        self.parameter = ssm.StringParameter(
            self,
            "Settings",
            parameter_name=f"{hub.groups_prefix}/{names.key}",
            description=f"What the reconciler knows of {names.key}",
            string_value=Stack.of(self).to_json_string(settings),
        )
        arn = names.arn(self)
        self.policy = iam.Policy(
            self,
            "Policy",
            roles=[hub.reconciler.role],
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
        hub.reconciler.policy_size.add([self.policy])
        acknowledge_wild_card(
            self.policy,
            arn,
            "The wild card stands for the id that Auto Scaling puts into the ARN of this one group.",
        )
