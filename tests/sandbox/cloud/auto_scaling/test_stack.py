from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.cloud import Cloud

    from ..making import Stack

    Until = Callable[[Callable[[], Any]], Any]

TEMPLATE = {
    "Type": "AWS::EC2::LaunchTemplate",
    "Properties": {
        "LaunchTemplateData": {
            "ImageId": "ami-12345678",
            "InstanceType": "t4g.small",
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": [{"Key": "Team", "Value": "a"}]},
            ],
        }
    },
}
HOOKS: list[dict[str, str | int]] = [
    {"LifecycleHookName": "deploy", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"},
    {
        "LifecycleHookName": "undeploy",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "HeartbeatTimeout": 300,
    },
]


def resources(**group: Any) -> dict[str, Any]:  # noqa: ANN401 - any property
    return {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.60.0.0/16"}},
        "Subnet": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": "10.60.0.0/24",
                "AvailabilityZone": "us-east-1d",
            },
        },
        "Template": TEMPLATE,
        "Group": {
            "Type": "AWS::AutoScaling::AutoScalingGroup",
            "Properties": {
                "MinSize": "0",
                "MaxSize": "3",
                "VPCZoneIdentifier": [{"Ref": "Subnet"}],
                "LaunchTemplate": {
                    "LaunchTemplateId": {"Ref": "Template"},
                    "Version": {"Fn::GetAtt": ["Template", "LatestVersionNumber"]},
                },
                **group,
            },
        },
    }


def states(cloud: Cloud, group: str) -> dict[str, str]:
    answer = cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    return {
        i["InstanceId"]: str(i["LifecycleState"]) for g in answer["AutoScalingGroups"] for i in g["Instances"]
    }


def complete(cloud: Cloud, group: str, hook: str) -> None:
    for instance, state in states(cloud, group).items():
        if state.endswith(":Wait"):
            cloud.client("autoscaling").complete_lifecycle_action(
                AutoScalingGroupName=group,
                LifecycleHookName=hook,
                InstanceId=instance,
                LifecycleActionResult="CONTINUE",
            )


def test_a_first_instance_already_meets_the_hooks_declared_in_the_group(cloud: Cloud, stack: Stack) -> None:
    stack.create(resources(DesiredCapacity="1", LifecycleHookSpecificationList=HOOKS))
    group = stack.physical_id("Group")
    assert list(states(cloud, group).values()) == ["Pending:Wait"]
    (instance,) = states(cloud, group)
    answer = cloud.client("ec2").describe_instances(InstanceIds=[instance])
    (machine,) = answer["Reservations"][0]["Instances"]
    assert machine["Placement"]["AvailabilityZone"] == "us-east-1d"
    assert {"Key": "Team", "Value": "a"} in machine["Tags"]
    complete(cloud, group, "deploy")


def test_updates_scale_but_leave_a_capacity_that_the_template_does_not_name(
    cloud: Cloud, stack: Stack
) -> None:
    stack.create(resources())
    group = stack.physical_id("Group")
    scaling = cloud.client("autoscaling")
    scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=3)
    stack.update(resources(MaxSize="5"))
    assert len(states(cloud, group)) == 3
    stack.update(resources(MaxSize="2"))
    assert len(states(cloud, group)) == 2
    stack.update(resources(MaxSize="4", DesiredCapacity="4"))
    assert len(states(cloud, group)) == 4


def test_deletion_waits_until_the_termination_hooks_let_go(cloud: Cloud, stack: Stack, until: Until) -> None:
    stack.create(resources(LifecycleHookSpecificationList=HOOKS))
    group = stack.physical_id("Group")
    cloud.client("autoscaling").set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=2)
    complete(cloud, group, "deploy")
    stack_id = stack.id
    stack.start_delete()
    until(lambda: set(states(cloud, group).values()) == {"Terminating:Wait"})
    assert stack.status() == "DELETE_IN_PROGRESS"
    complete(cloud, group, "undeploy")
    stack.deleted(stack_id)
    assert states(cloud, group) == {}


def test_hooks_may_be_resources_of_their_own(cloud: Cloud, stack: Stack) -> None:
    hook = {
        "Type": "AWS::AutoScaling::LifecycleHook",
        "Properties": {"AutoScalingGroupName": {"Ref": "Group"}, **HOOKS[0], "LifecycleHookName": "late"},
    }
    stack.create({**resources(), "Hook": hook})
    group = stack.physical_id("Group")
    cloud.client("autoscaling").set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=1)
    assert list(states(cloud, group).values()) == ["Pending:Wait"]
    complete(cloud, group, "late")
    assert list(states(cloud, group).values()) == ["InService"]


def test_sizes_that_contradict_each_other_fail_the_stack_with_awss_words(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="Desired capacity:9 must be between"):
        stack.create(resources(DesiredCapacity="9"))


def test_a_warm_pool_of_a_stack(cloud: Cloud, stack: Stack) -> None:
    pool = {
        "Type": "AWS::AutoScaling::WarmPool",
        "Properties": {"AutoScalingGroupName": {"Ref": "Group"}, "MinSize": 2, "MaxGroupPreparedCapacity": 0},
    }
    stack.create({**resources(), "Pool": pool})
    group = stack.physical_id("Group")
    scaling = cloud.client("autoscaling")
    warm = {i["InstanceId"] for i in scaling.describe_warm_pool(AutoScalingGroupName=group)["Instances"]}
    assert len(warm) == 2
    scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=1)
    (serving,) = states(cloud, group)
    assert serving in warm
