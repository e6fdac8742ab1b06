"""API actions on single instances of groups."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.auto_scaling import describe
from cdk_app.sandbox.cloud.auto_scaling.actions import flag, refusing, value
from cdk_app.sandbox.cloud.auto_scaling.model import Member, Subnet
from cdk_app.sandbox.cloud.auto_scaling.ports import RefusedError
from cdk_app.sandbox.cloud.auto_scaling.service import operations
from cdk_app.sandbox.cloud.compute import launch
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.auto_scaling.activities import Activity
    from cdk_app.sandbox.cloud.auto_scaling.describe import Parameters

auto_scaling = names("services.autoscaling", functions=("_parse_member_list",), stores=("_ACTION_MAP",))
ec2 = names("services.ec2", stores=("_instances",))


def _instance_ids(parameters: Parameters) -> list[str]:
    return list(auto_scaling._parse_member_list(parameters, "InstanceIds"))


def _described(action: str, done: list[Activity]) -> Any:  # noqa: ANN401 - MiniStack's response
    return describe.response(action, {"Activities": [describe.activity(record) for record in done]})


def _terminate(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    activity = operations.terminate(
        value(parameters, "InstanceId"), decrement=flag(parameters, "ShouldDecrementDesiredCapacity")
    )
    action = "TerminateInstanceInAutoScalingGroup"
    return describe.response(action, {"Activity": describe.activity(activity)})


def _set_health(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    operations.set_health(value(parameters, "InstanceId"), value(parameters, "HealthStatus"))
    return describe.response("SetInstanceHealth")


def _enter_standby(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    done = operations.enter_standby(
        value(parameters, "AutoScalingGroupName"),
        _instance_ids(parameters),
        decrement=flag(parameters, "ShouldDecrementDesiredCapacity"),
    )
    return _described("EnterStandby", done)


def _exit_standby(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    done = operations.exit_standby(value(parameters, "AutoScalingGroupName"), _instance_ids(parameters))
    return _described("ExitStandby", done)


def _detach(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    done = operations.detach(
        value(parameters, "AutoScalingGroupName"),
        _instance_ids(parameters),
        decrement=flag(parameters, "ShouldDecrementDesiredCapacity"),
    )
    return _described("DetachInstances", done)


def _attach(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    members = [_newcomer(instance_id) for instance_id in _instance_ids(parameters)]
    operations.attach(value(parameters, "AutoScalingGroupName"), members)
    return describe.response("AttachInstances")


def _newcomer(instance_id: str) -> Member:
    record = ec2._instances.get(instance_id)
    if record is None or not launch.is_running(instance_id):
        raise RefusedError(f"Invalid Instance ID(s): [{instance_id}] specified")
    subnet = Subnet(record["SubnetId"], record["Placement"]["AvailabilityZone"])
    return Member(instance_id, subnet, record["InstanceType"], None, time.time(), activity="")


def _protect(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    operations.protect(
        value(parameters, "AutoScalingGroupName"),
        _instance_ids(parameters),
        protected=flag(parameters, "ProtectedFromScaleIn"),
    )
    return describe.response("SetInstanceProtection")


def install() -> None:
    """Add the actions, which MiniStack does not know."""
    auto_scaling._ACTION_MAP.update(
        TerminateInstanceInAutoScalingGroup=refusing(_terminate),
        SetInstanceHealth=refusing(_set_health),
        EnterStandby=refusing(_enter_standby),
        ExitStandby=refusing(_exit_standby),
        DetachInstances=refusing(_detach),
        AttachInstances=refusing(_attach),
        SetInstanceProtection=refusing(_protect),
    )
