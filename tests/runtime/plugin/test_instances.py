from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.runtime.plugin.conftest import Call

LIFECYCLE = """<DescribeAutoScalingInstancesResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">
  <DescribeAutoScalingInstancesResult><AutoScalingInstances>%s</AutoScalingInstances></DescribeAutoScalingInstancesResult>
</DescribeAutoScalingInstancesResponse>"""
MEMBER = """<member><InstanceId>i-1</InstanceId><AutoScalingGroupName>web</AutoScalingGroupName>
  <AvailabilityZone>us-west-2b</AvailabilityZone><LifecycleState>Pending:Wait</LifecycleState></member>"""
MACHINES = """<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item>
  <groupSet/><instancesSet><item><instanceId>i-1</instanceId>
    <instanceState><code>16</code><name>running</name></instanceState>
    <networkInterfaceSet><item><privateIpAddress>10.20.3.9</privateIpAddress></item></networkInterfaceSet>
    <privateIpAddress>10.20.3.4</privateIpAddress></item></instancesSet></item></reservationSet></DescribeInstancesResponse>"""
NO_MACHINES = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"


def test_answers_of_auto_scaling(call: Call) -> None:
    assert call("instances.lifecycle_in", LIFECYCLE % MEMBER)["value"] == ["web", "Pending:Wait"]
    assert call("instances.lifecycle_in", LIFECYCLE % "")["value"] is None


def test_answers_of_ec2(call: Call) -> None:
    assert call("instances.machines_in", MACHINES)["value"] == {"i-1": ["running", "10.20.3.4"]}
    assert call("instances.machines_in", NO_MACHINES)["value"] == {}


def test_errors_of_both(call: Call) -> None:
    query = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate</Message></Error></ErrorResponse>"
    code = "<Code>InvalidInstanceID.NotFound</Code><Message>i</Message>"
    ec2 = f"<Response><Errors><Error>{code}</Error></Errors></Response>"
    assert call("instances.error_in", query)["value"] == ["Throttling", "Rate"]
    assert call("instances.error_in", ec2)["value"] == ["InvalidInstanceID.NotFound", "i"]
    assert call("instances.error_in", "Bad gateway")["value"] == ["", ""]


@pytest.mark.parametrize(
    ("state", "place"),
    [
        ("Pending", "arrives"),
        ("Pending:Wait", "stays"),
        ("InService", "stays"),
        ("Standby", "stays"),
        ("Terminating:Wait", "leaves"),
        ("Terminated", "leaves"),
        ("Detaching", "leaves"),
        ("Warmed:Stopped", "rests"),
        ("Some state of the future", "rests"),
    ],
)
def test_places(call: Call, state: str, place: str) -> None:
    answer = call("instances.instance", "i-1", "web", ["web", state], ["running", "10.20.3.4"])
    assert answer["value"] == {
        "id": "i-1",
        "state": state,
        "place": place,
        "alive": True,
        "address": "10.20.3.4",
    }


@pytest.mark.parametrize(
    ("machine", "alive"),
    [
        (["running", "10.20.3.4"], True),
        (["shutting-down", None], False),
        (["stopped", "10.20.3.4"], False),
        (None, False),
    ],
)
def test_an_instance_of_no_group_leaves_and_may_still_live(
    call: Call, machine: list[str | None] | None, alive: bool
) -> None:
    answer = call("instances.instance", "i-1", "web", None, machine)["value"]
    assert (answer["place"], answer["alive"]) == ("leaves", alive)


def test_an_instance_of_another_group_leaves_this_one(call: Call) -> None:
    answer = call("instances.instance", "i-1", "web", ["shop", "InService"], ["running", "10.20.3.4"])
    assert answer["value"]["place"] == "leaves"
