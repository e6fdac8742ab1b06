"""API actions on groups and hooks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.auto_scaling import activities, describe, records
from cdk_app.sandbox.cloud.auto_scaling.model import Result
from cdk_app.sandbox.cloud.auto_scaling.ports import RefusedError
from cdk_app.sandbox.cloud.auto_scaling.service import groups
from cdk_app.sandbox.cloud.compute import launch
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_app.sandbox.cloud.auto_scaling.describe import Parameters

auto_scaling = names(
    "services.autoscaling",
    functions=(
        "_create_asg",
        "_delete_asg",
        "_error",
        "_hook_record",
        "_p",
        "_parse_nested",
        "_reconcile_instances",
        "_update_asg",
    ),
    stores=("_ACTION_MAP", "_asgs", "_hooks"),
)


def refusing(action: Callable[[Parameters], Any]) -> Callable[[Parameters], Any]:
    """Turn a refusal into the API's error answer."""

    def answered(parameters: Parameters) -> Any:  # noqa: ANN401 - MiniStack's response
        try:
            return action(parameters)
        except RefusedError as error:
            return auto_scaling._error("ValidationError", error)

    return answered


def value(parameters: Parameters, name: str) -> str:
    """Return one parameter, empty when absent."""
    return str(auto_scaling._p(parameters, name))


def flag(parameters: Parameters, name: str) -> bool:
    """Return one boolean parameter."""
    return value(parameters, name).lower() == "true"


def check_capacity(minimum: int, maximum: int, desired: int) -> None:
    """Refuse sizes that contradict each other.

    Raises
    ------
    RefusedError
        With AWS's text.
    """
    if minimum > maximum:
        raise RefusedError(f"Max bound, {maximum}, must be greater than or equal to min bound, {minimum}")
    if not minimum <= desired <= maximum:
        raise RefusedError(
            f"Desired capacity:{desired} must be between the specified min size:{minimum} "
            f"and max size:{maximum}"
        )


def put_hooks(name: str, specifications: list[Mapping[str, Any]]) -> None:
    """Store the hooks that a group is created with, before its first instance."""
    for specification in specifications:
        hook = str(specification["LifecycleHookName"])
        auto_scaling._hooks[f"{name}/{hook}"] = auto_scaling._hook_record(name, hook, dict(specification))


def follow_subnets(record: dict[str, Any]) -> None:
    """Let a group's zones follow its subnets, as AWS answers them."""
    record["AvailabilityZones"] = records.zones(record["VPCZoneIdentifier"]) or record["AvailabilityZones"]


def _create(parameters: Parameters) -> Any:  # noqa: ANN401 - MiniStack's response
    minimum, maximum = int(value(parameters, "MinSize") or 0), int(value(parameters, "MaxSize") or 0)
    desired = int(value(parameters, "DesiredCapacity") or minimum)
    check_capacity(minimum, maximum, desired)
    template = value(parameters, "LaunchTemplate.LaunchTemplateId") or value(
        parameters, "LaunchTemplate.LaunchTemplateName"
    )
    if template:
        try:
            launch.template_version(template, value(parameters, "LaunchTemplate.Version") or "$Default")
        except LookupError as error:
            raise RefusedError(str(error)) from error
    status, headers, body = auto_scaling._create_asg(parameters)
    if status == 200:
        name = value(parameters, "AutoScalingGroupName")
        follow_subnets(auto_scaling._asgs[name])
        put_hooks(name, auto_scaling._parse_nested(parameters, "LifecycleHookSpecificationList") or [])
        groups.adjust(name, activities.desired_changed(time.time(), 0, desired))
    return status, headers, body


def _update(parameters: Parameters) -> Any:  # noqa: ANN401 - MiniStack's response
    name = value(parameters, "AutoScalingGroupName")
    before, _ = groups.find(name)
    minimum = int(value(parameters, "MinSize") or before.minimum)
    maximum = int(value(parameters, "MaxSize") or before.maximum)
    asked = value(parameters, "DesiredCapacity")
    # Sizes that would exclude the present capacity move it, unless a capacity is asked for.
    desired = int(asked) if asked else min(max(before.desired, minimum), maximum)
    check_capacity(minimum, maximum, desired)
    record = auto_scaling._asgs[name]
    auto_scaling._update_asg(parameters)
    record["DesiredCapacity"] = desired
    follow_subnets(record)
    template = auto_scaling._parse_nested(parameters, "LaunchTemplate")
    if template:
        record["LaunchTemplate"] = {"Version": "$Default", **template}
    protect = value(parameters, "NewInstancesProtectedFromScaleIn")
    if protect:
        record["NewInstancesProtectedFromScaleIn"] = protect == "true"
    policies = auto_scaling._parse_nested(parameters, "TerminationPolicies")
    if policies:
        record["TerminationPolicies"] = list(policies)
    groups.adjust(name, activities.desired_changed(time.time(), before.desired, desired))
    return describe.response("UpdateAutoScalingGroup")


def _set_desired(parameters: Parameters) -> Any:  # noqa: ANN401 - MiniStack's response
    name = value(parameters, "AutoScalingGroupName")
    group, _ = groups.find(name)
    desired = int(value(parameters, "DesiredCapacity"))
    if desired > group.maximum:
        raise RefusedError(
            f"New SetDesiredCapacity value {desired} is above max value {group.maximum} "
            "for the AutoScalingGroup."
        )
    if desired < group.minimum:
        raise RefusedError(
            f"New SetDesiredCapacity value {desired} is below min value {group.minimum} "
            "for the AutoScalingGroup."
        )
    records.resize(name, desired)
    groups.adjust(name, activities.desired_changed(time.time(), group.desired, desired))
    return describe.response("SetDesiredCapacity")


def _delete(parameters: Parameters) -> Any:  # noqa: ANN401 - MiniStack's response
    name = value(parameters, "AutoScalingGroupName")
    group, roster = groups.find(name)
    if roster.members and not flag(parameters, "ForceDelete"):
        return auto_scaling._error(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance "
            "request(s) still in the group.",
        )
    response = auto_scaling._delete_asg(parameters)
    for member in groups.forget(group.arn):
        launch.terminate(member.instance_id)
    return response


def _complete(parameters: Parameters) -> Any:  # noqa: ANN401 - MiniStack's response
    result = value(parameters, "LifecycleActionResult")
    if result not in list(Result):
        raise RefusedError(f"Invalid value '{result}' for LifecycleActionResult: CONTINUE or ABANDON")
    groups.complete(
        value(parameters, "AutoScalingGroupName"),
        value(parameters, "LifecycleHookName"),
        Result(result),
        token=value(parameters, "LifecycleActionToken"),
        instance_id=value(parameters, "InstanceId"),
    )
    return describe.response("CompleteLifecycleAction")


def _heartbeat(parameters: Parameters) -> Any:  # noqa: ANN401 - MiniStack's response
    groups.heartbeat(
        value(parameters, "AutoScalingGroupName"),
        value(parameters, "LifecycleHookName"),
        token=value(parameters, "LifecycleActionToken"),
        instance_id=value(parameters, "InstanceId"),
    )
    return describe.response("RecordLifecycleActionHeartbeat")


def _nothing(_record: dict[str, Any]) -> None:
    """Stand in for MiniStack's own resizing, which invents instances; the engine has taken it over."""


def install() -> None:
    """Replace the actions."""
    auto_scaling._reconcile_instances = _nothing
    auto_scaling._ACTION_MAP.update(
        CreateAutoScalingGroup=refusing(_create),
        UpdateAutoScalingGroup=refusing(_update),
        SetDesiredCapacity=refusing(_set_desired),
        DeleteAutoScalingGroup=refusing(_delete),
        CompleteLifecycleAction=refusing(_complete),
        RecordLifecycleActionHeartbeat=refusing(_heartbeat),
    )
