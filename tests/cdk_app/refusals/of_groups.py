"""What a group and its gate refuse."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling

from cdk_app import DeployedAutoScalingGroup, Gate
from tests.cdk_app.refusals.attempts import Refusals, group, hub, unique


def twins(stack: cdk.Stack) -> None:
    scope = cdk.Stack(stack, "Twins")
    shared = hub(scope)
    for name in ("First", "Second"):
        DeployedAutoScalingGroup(scope, name, hub=shared, group_name="same", max_capacity=1)


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
        "max_capacity: got 0, expected at least 1",
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
        "connections of the group: got a group imported by name, expected one by object; "
        "add rules to its security group yourself",
    ),
}
