from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ..making import ADMITS_RULES, bodies, make_queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_autoscaling.type_defs import AutoScalingGroupTypeDef

    from cdk_app.sandbox.cloud import Cloud

    Until = Callable[[Callable[[], Any]], Any]

LAUNCH_HOOK = {
    "LifecycleHookName": "deploy",
    "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
    "HeartbeatTimeout": 300,
}
TERMINATE_HOOK = {
    "LifecycleHookName": "undeploy",
    "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
    "DefaultResult": "CONTINUE",
    "HeartbeatTimeout": 1,
}


class Scaling:
    """A group, looked at and scaled through the API."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        self.name = name
        self.api = cloud.client("autoscaling")
        self.ec2 = cloud.client("ec2")

    def create(self, **options: Any) -> None:  # noqa: ANN401 - any option of the API
        vpc = self.ec2.create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            self.ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.50.{n}.0/24", AvailabilityZone=f"us-east-1{zone}"
            )
            for n, zone in enumerate("ab")
        ]
        template = self.ec2.create_launch_template(
            LaunchTemplateName=f"{self.name} template"[-20:].replace(" ", "-").replace("/", "-"),
            LaunchTemplateData={"ImageId": "ami-12345678", "InstanceType": "t4g.small", "KeyName": "key"},
        )["LaunchTemplate"]
        self.template_id = template["LaunchTemplateId"]
        self.api.create_auto_scaling_group(
            **{
                "AutoScalingGroupName": self.name,
                "MinSize": 0,
                "MaxSize": 4,
                "LaunchTemplate": {"LaunchTemplateId": self.template_id, "Version": "$Latest"},
                "VPCZoneIdentifier": ",".join(s["Subnet"]["SubnetId"] for s in subnets),
                **options,
            }
        )

    def scale(self, desired: int) -> None:
        self.api.set_desired_capacity(AutoScalingGroupName=self.name, DesiredCapacity=desired)

    def describe(self) -> AutoScalingGroupTypeDef:
        return self.api.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"][
            0
        ]

    def states(self) -> dict[str, str]:
        return {i["InstanceId"]: str(i["LifecycleState"]) for i in self.describe()["Instances"]}

    def machines(self) -> list[Any]:
        answer = self.ec2.describe_instances(
            Filters=[
                {"Name": "tag:aws:autoscaling:groupName", "Values": [self.name]},
                {"Name": "instance-state-name", "Values": ["running"]},
            ]
        )
        return [instance for reservation in answer["Reservations"] for instance in reservation["Instances"]]


@pytest.fixture
def scaling(cloud: Cloud, name: str) -> Scaling:
    return Scaling(cloud, name)


def test_instances_are_ec2_records_of_the_template_in_the_groups_subnets(scaling: Scaling) -> None:
    scaling.create(
        Tags=[
            {"Key": "Name", "Value": "web", "PropagateAtLaunch": True},
            {"Key": "Owner", "Value": "me", "PropagateAtLaunch": False},
        ]
    )
    scaling.scale(3)
    machines = scaling.machines()
    assert {m["InstanceId"] for m in machines} == set(scaling.states())
    assert {m["KeyName"] for m in machines} == {"key"}
    assert sorted(m["Placement"]["AvailabilityZone"] for m in machines) == [
        "us-east-1a",
        "us-east-1a",
        "us-east-1b",
    ]
    assert all(IPv4Address(m["PrivateIpAddress"]) in IPv4Network("10.50.0.0/16") for m in machines)
    assert not any("PublicIpAddress" in m for m in machines)
    tags = {tag["Key"]: tag["Value"] for tag in machines[0]["Tags"]}
    assert tags["Name"] == "web"
    assert "Owner" not in tags
    zones = {i["InstanceId"]: i["AvailabilityZone"] for i in scaling.describe()["Instances"]}
    assert zones == {m["InstanceId"]: m["Placement"]["AvailabilityZone"] for m in machines}


def test_a_new_version_of_the_template_is_used_by_new_instances_only(scaling: Scaling) -> None:
    scaling.create()
    scaling.scale(1)
    scaling.ec2.create_launch_template_version(
        LaunchTemplateId=scaling.template_id,
        LaunchTemplateData={"ImageId": "ami-87654321", "InstanceType": "t4g.large"},
    )
    scaling.scale(2)
    assert sorted(m["InstanceType"] for m in scaling.machines()) == ["t4g.large", "t4g.small"]
    versions = [i["LaunchTemplate"]["Version"] for i in scaling.describe()["Instances"]]
    assert versions == ["1", "2"]
    scaling.scale(1)
    assert [m["InstanceType"] for m in scaling.machines()] == ["t4g.large"]


def test_names_with_anything_in_them(cloud: Cloud, name: str) -> None:
    scaling = Scaling(cloud, f'{name} a/b & "c" <d>')
    scaling.create()
    scaling.scale(1)
    (instance,) = scaling.states()
    answer = scaling.api.describe_auto_scaling_instances(InstanceIds=[instance])
    (described,) = answer["AutoScalingInstances"]
    assert described["AutoScalingGroupName"] == scaling.name
    assert described["HealthStatus"] == "HEALTHY"


@pytest.mark.parametrize(
    ("desired", "message"),
    [
        (5, "New SetDesiredCapacity value 5 is above max value 4 for the AutoScalingGroup."),
        (0, "New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup."),
    ],
)
def test_capacity_outside_the_sizes_is_refused(scaling: Scaling, desired: int, message: str) -> None:
    scaling.create(MinSize=1)
    with pytest.raises(ClientError, match="ValidationError") as refused:
        scaling.scale(desired)
    assert refused.value.response["Error"]["Message"] == message
    assert scaling.describe()["DesiredCapacity"] == 1


def test_new_sizes_move_the_capacity_that_they_exclude(scaling: Scaling) -> None:
    scaling.create(DesiredCapacity=3)
    scaling.api.update_auto_scaling_group(AutoScalingGroupName=scaling.name, MaxSize=2)
    assert (scaling.describe()["DesiredCapacity"], len(scaling.states())) == (2, 2)
    scaling.api.update_auto_scaling_group(AutoScalingGroupName=scaling.name, MinSize=0, DesiredCapacity=0)
    assert scaling.machines() == []


def test_hooks_hold_instances_and_events_tell(
    cloud: Cloud, scaling: Scaling, name: str, until: Until
) -> None:
    url, arn = make_queue(cloud, name, Policy=ADMITS_RULES)
    events = cloud.client("events")
    pattern = {"source": ["aws.autoscaling"], "detail": {"AutoScalingGroupName": [name]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    scaling.create(LifecycleHookSpecificationList=[LAUNCH_HOOK, TERMINATE_HOOK])
    scaling.scale(1)
    (instance,) = scaling.states()
    assert scaling.states() == {instance: "Pending:Wait"}
    (action,) = until(lambda: bodies(cloud, url))
    assert action["detail-type"] == "EC2 Instance-launch Lifecycle Action"
    scaling.api.record_lifecycle_action_heartbeat(
        AutoScalingGroupName=name, LifecycleHookName="deploy", InstanceId=instance
    )
    scaling.api.complete_lifecycle_action(
        AutoScalingGroupName=name,
        LifecycleHookName="deploy",
        LifecycleActionToken=action["detail"]["LifecycleActionToken"],
        LifecycleActionResult="CONTINUE",
    )
    assert scaling.states() == {instance: "InService"}
    (success,) = until(lambda: bodies(cloud, url))
    assert success["detail-type"] == "EC2 Instance Launch Successful"
    assert success["resources"][1].endswith(instance)

    scaling.scale(0)
    assert scaling.states() == {instance: "Terminating:Wait"}
    assert [m["InstanceId"] for m in scaling.machines()] == [instance]
    until(lambda: scaling.states() == {})  # the hook's timeout with its default, CONTINUE
    assert scaling.machines() == []
    told: list[str] = []

    def both_told() -> bool:
        told.extend(body["detail-type"] for body in bodies(cloud, url))
        return len(told) == 2

    until(both_told)
    assert told == ["EC2 Instance-terminate Lifecycle Action", "EC2 Instance Terminate Successful"]


def test_a_completed_action_cannot_be_completed_again(scaling: Scaling) -> None:
    scaling.create(LifecycleHookSpecificationList=[LAUNCH_HOOK], DesiredCapacity=1)
    (instance,) = scaling.states()
    for attempt in range(2):
        try:
            scaling.api.complete_lifecycle_action(
                AutoScalingGroupName=scaling.name,
                LifecycleHookName="deploy",
                InstanceId=instance,
                LifecycleActionResult="CONTINUE",
            )
        except ClientError as error:
            assert attempt == 1
            assert "No active Lifecycle Action found" in str(error)
    assert scaling.states() == {instance: "InService"}


def test_deleting_a_hook_ends_what_it_held_up(scaling: Scaling) -> None:
    scaling.create(LifecycleHookSpecificationList=[LAUNCH_HOOK, {**TERMINATE_HOOK, "HeartbeatTimeout": 300}])
    api, name = scaling.api, scaling.name
    scaling.scale(1)
    (first,) = scaling.states()
    api.delete_lifecycle_hook(AutoScalingGroupName=name, LifecycleHookName="deploy")
    assert sorted(scaling.states().values()) == ["InService", "Terminating:Wait"]
    assert scaling.states()[first] == "Terminating:Wait"
    api.delete_lifecycle_hook(AutoScalingGroupName=name, LifecycleHookName="undeploy")
    assert list(scaling.states().values()) == ["InService"]
    assert first not in scaling.states()
    with pytest.raises(ClientError, match="No Lifecycle Hook found"):
        api.delete_lifecycle_hook(AutoScalingGroupName=name, LifecycleHookName="undeploy")
    with pytest.raises(ClientError, match="not found"):
        api.put_lifecycle_hook(
            AutoScalingGroupName=f"{name}-missing",
            LifecycleHookName="deploy",
            LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
        )


def test_activities_are_listed_newest_first(scaling: Scaling) -> None:
    scaling.create(DesiredCapacity=1)
    (instance,) = scaling.states()
    scaling.scale(0)
    first, second = scaling.api.describe_scaling_activities(AutoScalingGroupName=scaling.name)["Activities"]
    assert first["Description"] == f"Terminating EC2 instance: {instance}"
    assert second["Description"] == f"Launching a new EC2 instance: {instance}"
    assert {first["StatusCode"], second["StatusCode"]} == {"Successful"}
    assert json.loads(second["Details"])["Availability Zone"] == "us-east-1a"
    assert "from 1 to 0" in first["Cause"]


def test_lists_come_in_pages(cloud: Cloud, scaling: Scaling) -> None:
    scaling.create(DesiredCapacity=3)
    pages = list(
        cloud.client("autoscaling")
        .get_paginator("describe_scaling_activities")
        .paginate(AutoScalingGroupName=scaling.name, PaginationConfig={"PageSize": 2})
    )
    assert [len(page["Activities"]) for page in pages] == [2, 1]


def test_a_terminated_machine_is_noticed_and_replaced(scaling: Scaling, until: Until) -> None:
    scaling.create(DesiredCapacity=1)
    (old,) = scaling.states()
    scaling.ec2.terminate_instances(InstanceIds=[old])
    assert scaling.states() == {old: "InService"}
    until(lambda: set(scaling.states()) - {old})
    assert old not in scaling.states()


def test_single_instances_can_be_taken_out(scaling: Scaling) -> None:
    scaling.create(DesiredCapacity=3)
    first, second, third = scaling.states()
    api = scaling.api
    api.terminate_instance_in_auto_scaling_group(InstanceId=first, ShouldDecrementDesiredCapacity=True)
    assert set(scaling.states()) == {second, third}
    api.enter_standby(
        AutoScalingGroupName=scaling.name, InstanceIds=[second], ShouldDecrementDesiredCapacity=True
    )
    assert scaling.states() == {second: "Standby", third: "InService"}
    api.exit_standby(AutoScalingGroupName=scaling.name, InstanceIds=[second])
    api.detach_instances(
        AutoScalingGroupName=scaling.name, InstanceIds=[second], ShouldDecrementDesiredCapacity=True
    )
    assert set(scaling.states()) == {third}
    api.attach_instances(AutoScalingGroupName=scaling.name, InstanceIds=[second])
    assert (scaling.describe()["DesiredCapacity"], len(scaling.states())) == (2, 2)
    api.set_instance_protection(
        AutoScalingGroupName=scaling.name, InstanceIds=[second, third], ProtectedFromScaleIn=True
    )
    scaling.scale(0)
    assert set(scaling.states()) == {second, third}
    api.set_instance_health(InstanceId=third, HealthStatus="Unhealthy")
    assert set(scaling.states()) == {second}
    with pytest.raises(ClientError, match="No managed instance found"):
        api.set_instance_health(InstanceId=first, HealthStatus="Unhealthy")


def test_a_group_with_instances_is_deleted_by_force_only(scaling: Scaling) -> None:
    scaling.create(DesiredCapacity=1, LifecycleHookSpecificationList=[TERMINATE_HOOK])
    with pytest.raises(ClientError, match="ResourceInUse"):
        scaling.api.delete_auto_scaling_group(AutoScalingGroupName=scaling.name)
    scaling.api.delete_auto_scaling_group(AutoScalingGroupName=scaling.name, ForceDelete=True)
    assert scaling.machines() == []


def test_a_warm_pool_is_put_described_and_deleted(scaling: Scaling) -> None:
    scaling.create()
    api, name = scaling.api, scaling.name
    api.put_warm_pool(AutoScalingGroupName=name, MaxGroupPreparedCapacity=2, PoolState="Running")
    pool = api.describe_warm_pool(AutoScalingGroupName=name)
    assert [i["LifecycleState"] for i in pool["Instances"]] == ["Warmed:Running"] * 2
    assert pool["WarmPoolConfiguration"]["MaxGroupPreparedCapacity"] == 2
    assert scaling.states() == {}
    with pytest.raises(ClientError, match="still has instances"):
        api.delete_warm_pool(AutoScalingGroupName=name)
    api.delete_warm_pool(AutoScalingGroupName=name, ForceDelete=True)
    assert api.describe_warm_pool(AutoScalingGroupName=name)["Instances"] == []
    assert scaling.machines() == []


def test_a_refresh_replaces_one_instance_after_the_other(scaling: Scaling, until: Until) -> None:
    scaling.create(DesiredCapacity=2)
    before = set(scaling.states())
    scaling.api.start_instance_refresh(AutoScalingGroupName=scaling.name)

    def refresh() -> Any:  # noqa: ANN401 - compared below
        answer = scaling.api.describe_instance_refreshes(AutoScalingGroupName=scaling.name)
        return answer["InstanceRefreshes"][0]

    until(lambda: refresh()["Status"] == "Successful")
    assert refresh()["PercentageComplete"] == 100
    assert len(scaling.states()) == 2
    assert not before & set(scaling.states())


def test_events_get_lost_on_request(cloud: Cloud, scaling: Scaling, name: str, until: Until) -> None:
    url, arn = make_queue(cloud, name, Policy=ADMITS_RULES)
    events = cloud.client("events")
    pattern = {"source": ["aws.autoscaling"], "detail": {"AutoScalingGroupName": [name]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    scaling.create()
    cloud.lose_auto_scaling_events(2)
    scaling.scale(3)
    (event,) = until(lambda: bodies(cloud, url))
    assert event["detail"]["EC2InstanceId"] == list(scaling.states())[2]


def test_a_service_may_use_sources_that_people_may_not(cloud: Cloud, name: str, until: Until) -> None:
    url, arn = make_queue(cloud, name, Policy=ADMITS_RULES)
    events = cloud.client("events")
    warning = "EC2 Spot Instance Interruption Warning"
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.ec2"], "detail-type": [warning]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    entry = {"Source": "aws.ec2", "DetailType": warning, "Detail": "{}"}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 1  # type: ignore[list-item]  # a literal
    cloud.publish("aws.ec2", warning, {"instance-id": "i-1", "instance-action": "terminate"})
    (event,) = until(lambda: bodies(cloud, url))
    assert event["detail"] == {"instance-id": "i-1", "instance-action": "terminate"}
