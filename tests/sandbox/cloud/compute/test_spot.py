from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ..making import ADMITS_RULES, bodies, make_queue

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud import Cloud

    Until = Callable[[Callable[[], Any]], Any]

SAMPLES = Path(__file__).parents[3] / "samples" / "events"


class Spot:
    """A group whose launch template asks for Spot Instances, and what EC2 tells about them."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        self.name = name
        self.cloud, self.ec2, self.api = cloud, cloud.client("ec2"), cloud.client("autoscaling")
        vpc = self.ec2.create_vpc(CidrBlock="10.70.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.70.0.0/24", AvailabilityZone="us-east-1a")
        template = self.ec2.create_launch_template(
            LaunchTemplateName=name,
            LaunchTemplateData={
                "ImageId": "ami-12345678",
                "InstanceMarketOptions": {"MarketType": "spot"},
            },
        )["LaunchTemplate"]
        self.api.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=0,
            MaxSize=2,
            DesiredCapacity=1,
            LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"], "Version": "$Latest"},
            VPCZoneIdentifier=subnet["Subnet"]["SubnetId"],
        )
        self.url, arn = make_queue(cloud, name, Policy=ADMITS_RULES)
        events = cloud.client("events")
        events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.ec2"]}))
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])

    def instances(self) -> dict[str, str]:
        (group,) = self.api.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])[
            "AutoScalingGroups"
        ]
        return {i["InstanceId"]: str(i["LifecycleState"]) for i in group["Instances"]}

    def machine(self, instance_id: str) -> Any:  # noqa: ANN401 - as EC2 describes it
        answer = self.ec2.describe_instances(InstanceIds=[instance_id])
        return answer["Reservations"][0]["Instances"][0]

    def request(self, instance_id: str) -> tuple[str, str]:
        (found,) = self.ec2.describe_spot_instance_requests(
            SpotInstanceRequestIds=[self.machine(instance_id)["SpotInstanceRequestId"]]
        )["SpotInstanceRequests"]
        assert found["InstanceId"] == instance_id
        return str(found["State"]), str(found["Status"]["Code"])


@pytest.fixture
def spot(cloud: Cloud, name: str) -> Iterator[Spot]:
    made = Spot(cloud, name)
    yield made
    made.api.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    cloud.client("events").remove_targets(Rule=name, Ids=["1"])
    cloud.client("events").delete_rule(Name=name)


def test_an_interrupted_machine_runs_until_the_notice_is_over_and_is_then_replaced(
    cloud: Cloud, spot: Spot, until: Until
) -> None:
    (victim,) = spot.instances()
    assert spot.machine(victim)["InstanceLifecycle"] == "spot"
    assert spot.request(victim) == ("active", "fulfilled")
    cloud.interrupt_spot_instance(victim, notice=1.0)
    assert spot.request(victim) == ("closed", "instance-terminated-no-capacity")
    assert spot.machine(victim)["State"]["Name"] == "running"
    assert spot.instances() == {victim: "InService"}
    until(lambda: spot.machine(victim)["State"]["Name"] == "terminated")
    until(lambda: victim not in spot.instances() and list(spot.instances().values()) == ["InService"])
    assert spot.request(victim) == ("closed", "instance-terminated-no-capacity")


@pytest.mark.parametrize(
    ("sample", "act"),
    [
        ("spot-interruption-warning", "interrupt_spot_instance"),
        ("spot-rebalance-recommendation", "recommend_rebalance"),
    ],
)
def test_events_are_in_the_shape_that_ec2_documents(
    cloud: Cloud, spot: Spot, until: Until, sample: str, act: str
) -> None:
    (instance,) = spot.instances()
    getattr(cloud, act)(instance)
    (event,) = until(lambda: bodies(cloud, spot.url))
    documented = json.loads((SAMPLES / f"{sample}.json").read_text())
    assert event.keys() == documented.keys()
    assert event["detail"] == documented["detail"] | {"instance-id": instance}
    assert event["resources"] == [f"arn:aws:ec2:us-east-1a:instance/{instance}"]
    assert (event["source"], event["detail-type"]) == (documented["source"], documented["detail-type"])


def test_a_recommendation_changes_nothing(cloud: Cloud, spot: Spot) -> None:
    (instance,) = spot.instances()
    cloud.recommend_rebalance(instance)
    assert spot.request(instance) == ("active", "fulfilled")


def test_a_machine_that_its_owner_ends_was_not_interrupted(spot: Spot) -> None:
    (instance,) = spot.instances()
    spot.ec2.terminate_instances(InstanceIds=[instance])
    assert spot.request(instance) == ("closed", "instance-terminated-by-user")
    with pytest.raises(LookupError, match=f"{instance} is not a running Spot Instance"):
        spot.cloud.interrupt_spot_instance(instance)


def test_requests_are_found_by_filters_and_unknown_ones_are_refused(spot: Spot) -> None:
    (instance,) = spot.instances()
    request = spot.machine(instance)["SpotInstanceRequestId"]

    def found(**filters: str) -> list[str]:
        answer = spot.ec2.describe_spot_instance_requests(
            Filters=[{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
        )
        return [each["SpotInstanceRequestId"] for each in answer["SpotInstanceRequests"]]

    assert found(spot_instance_request_id=request, status_code="fulfilled", state="active") == [request]
    assert found(instance_id=instance) == [request]
    assert found(spot_instance_request_id=request, status_code="marked-for-termination") == []
    with pytest.raises(ClientError, match="The filter 'no-such-thing' is invalid"):
        found(no_such_thing="x")
    with pytest.raises(ClientError, match=r"InvalidSpotInstanceRequestID\.NotFound"):
        spot.ec2.describe_spot_instance_requests(SpotInstanceRequestIds=["sir-none"])
