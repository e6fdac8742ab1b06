"""What a group and its gate refuse."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2

from cdk_app import DeployedAutoScalingGroup, Gate
from tests.cdk_app.cases import existing_vpc
from tests.cdk_app.refusals.attempts import Refusals, group, hub, unique


def one_group_twice(stack: cdk.Stack) -> None:
    scope = cdk.Stack(stack, "Once")
    vpc = existing_vpc(scope)
    existing = autoscaling.AutoScalingGroup(
        scope,
        "Existing",
        vpc=vpc,
        launch_template=ec2.LaunchTemplate.from_launch_template_attributes(
            scope, "Launch", launch_template_id="lt-0123456789abcdef0", version_number="1"
        ),
    )
    shared = hub(scope, vpc=vpc)
    for name in ("First", "Second"):
        DeployedAutoScalingGroup(scope, name, hub=shared, existing_group=existing)


def elsewhere(stack: cdk.Stack) -> None:
    there = cdk.Environment(account="111111111111", region="us-east-1")
    DeployedAutoScalingGroup(cdk.Stack(stack, "There", env=there), "Web", hub=hub(stack), max_capacity=1)


def twins(stack: cdk.Stack) -> None:
    scope = cdk.Stack(stack, "Twins")
    shared = hub(scope)
    for name in ("First", "Second"):
        DeployedAutoScalingGroup(scope, name, hub=shared, group_name="same", max_capacity=1)


def one_environment(stack: cdk.Stack) -> None:
    scope = cdk.Stack(stack, "Shared")
    shared = hub(scope)
    for name in ("blue", "green"):
        DeployedAutoScalingGroup(
            scope, name, hub=shared, group_name=name, environment="Environments/web", max_capacity=1
        )


REFUSED: Refusals = {
    "neither hub nor parts": (
        lambda stack: group(stack, deploy=None),
        "hub of the group: got neither hub nor deploy, expected one of them; "
        "pass hub= to share one, or deploy= and bastion= for one of its own",
    ),
    "hub and parts": (
        lambda stack: group(stack, hub=hub(stack)),
        "hub of the group: got hub together with deploy, bastion, vpc or delivery, expected only hub; "
        "pass those to the hub",
    ),
    "no size": (
        lambda stack: group(stack, max_capacity=None),
        "max_capacity: got nothing, expected the most instances the group may have",
    ),
    "size 0": (
        lambda stack: group(stack, max_capacity=0),
        "max_capacity: got 0, expected a whole number, at least 1",
    ),
    "existing group and size": (
        lambda stack: group(
            stack,
            existing_group=autoscaling.AutoScalingGroup.from_auto_scaling_group_name(
                stack, unique("Existing"), "legacy"
            ),
        ),
        "max_capacity: got a value together with existing_group, expected none; "
        "the existing group decides it",
    ),
    "group name": (
        lambda stack: group(stack, group_name="web:*"),
        "group_name: got 'web:*', expected 1 to 255 characters without ':', '*', '?' and '$'",
    ),
    "environment": (
        lambda stack: group(stack, environment="Environments//web"),
        "environment: got 'Environments//web', expected an id such as 'Environments/team/{group}'",
    ),
    "heartbeat": (
        lambda _: Gate(heartbeat_timeout=cdk.Duration.seconds(10)),
        "heartbeat_timeout: got 10 s, expected 360 to 7200 s; while Deploy is away, looks that prolong "
        "a wait can be five minutes apart",
    ),
    "failure policy": (
        lambda _: Gate(on_failure="RETRY"),  # type: ignore[arg-type] # wrong on purpose
        "on_failure: got 'RETRY', expected 'ABANDON' or 'CONTINUE'",
    ),
    "two groups in one environment": (
        one_environment,
        "environment: got 'Environments/web' for Stack/Shared/green, which is that of Stack/Shared/blue, "
        "expected one of its own, such as 'Environments/team/{group}'; each would take the other's "
        "deployments for its own",
    ),
    "two groups of one name": (
        twins,
        "group_name: got 'same' for Stack/Twins/Second, which is the name of Stack/Twins/First, expected "
        "names that differ; both would have the same environment and hosts in Deploy",
    ),
    "connections of a name": (
        lambda stack: (
            DeployedAutoScalingGroup(
                stack,
                unique("Imported"),
                hub=hub(stack),
                existing_group=autoscaling.AutoScalingGroup.from_auto_scaling_group_name(
                    stack, unique("ByName"), "legacy"
                ),
            ).connections
        ),
        "connections of the group: got a group whose security groups are not known, as of one imported by "
        "name, expected one by object; add rules to its security group yourself",
    ),
    "text for the size": (
        lambda stack: group(stack, max_capacity="4"),
        "max_capacity: got '4', expected a whole number, at least 1",
    ),
    "name that deployment knows": (
        lambda stack: group(stack, group_name=f"web-{cdk.Aws.REGION}"),
        "group_name: got a name that is known only at deployment, expected text, for ids of constructs are "
        "made of it; write account and region out, or leave it out",
    ),
    "place holder of the environment": (
        lambda stack: group(stack, environment="Environments/{name}"),
        "environment: got 'Environments/{name}', expected an id such as 'Environments/team/{group}'",
    ),
    "order in one text": (
        lambda stack: group(stack, application_order="shop"),
        "application_order: got 'shop', expected a list of different names of applications such as "
        "['database', 'shop']",
    ),
    "order of too many": (
        lambda stack: group(stack, application_order=[f"application-{number}" for number in range(200)]),
        "application_order: got names of 3690 characters, expected at most 2500; name those only that others "
        "depend on",
    ),
    "interval": (
        lambda stack: group(stack, reconcile_interval=cdk.Duration.seconds(90)),
        "reconcile_interval: got 90 s, expected whole minutes, at least 1, as EventBridge Scheduler counts",
    ),
    "heartbeat that deployment knows": (
        lambda stack: Gate(
            heartbeat_timeout=cdk.Duration.seconds(
                cdk.CfnParameter(stack, unique("Parameter"), type="Number").value_as_number
            )
        ),
        "heartbeat_timeout: got a time that is known only at deployment, expected a fixed one; the "
        "reconciler counts with it",
    ),
    "a group in another region": (
        elsewhere,
        "hub of the group: got one in aws://111111111111/eu-west-1 for a group in "
        "aws://111111111111/us-east-1, expected both in one account and region; make a hub in each, or give "
        "both stacks the same env",
    ),
    "a group that is no hub": (
        lambda stack: group(stack, hub=stack, deploy=None, bastion=None),
        "hub: got Stack, expected DeployHub; pass the hub itself",
    ),
    "one existing group twice": (
        one_group_twice,
        "group_name: got a group for Stack/Once/Second, which is the name of Stack/Once/First, expected "
        "names that differ; both would have the same environment and hosts in Deploy",
    ),
    "text for the existing group": (
        lambda stack: group(stack, existing_group="legacy", max_capacity=None),
        "existing_group: got text, expected a group; import yours with "
        "AutoScalingGroup.from_auto_scaling_group_name(…)",
    ),
    "properties for the host template": (
        lambda stack: group(stack, host_template={"username": "ubuntu"}),
        "host_template: got dict, expected HostTemplate; pass a HostTemplate",
    ),
    "no gate by a switch": (
        lambda stack: group(stack, gate=False),
        "gate: got bool, expected Gate or None; pass None for no hooks",
    ),
    "wild card for the existing group": (
        lambda stack: group(
            stack,
            existing_group=autoscaling.AutoScalingGroup.from_auto_scaling_group_name(
                stack, unique("Existing"), "web*"
            ),
            max_capacity=None,
        ),
        "name of existing_group: got 'web*', expected 1 to 255 characters without ':', '*', '?' and '$'",
    ),
    "type that deployment knows": (
        lambda stack: group(stack, instance_type=ec2.InstanceType(cdk.Fn.import_value("Type"))),
        "instance_type: got one that is known only at deployment, expected one whose processor is known, for "
        "the default image is made for it; pass machine_image= too",
    ),
}
