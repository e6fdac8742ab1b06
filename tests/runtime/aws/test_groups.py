"""Auto Scaling groups against recorded answers: what is asked, and what comes of the answers."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from runtime.aws.groups import SIDE_BY_SIDE, Groups
from runtime.reconciliation.actions import Heartbeat, Release
from runtime.reconciliation.model import Instance, Machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runtime.aws.stubs import Aws

NO_ACTION = "No active Lifecycle Action found with instance ID i-1"
OPERATIONS = {"complete": "complete_lifecycle_action", "prolong": "record_lifecycle_action_heartbeat"}
WAITS: dict[str, Callable[..., Any]] = {
    "complete": lambda i, *hooks: Release(i, "Pending:Wait", hooks or ("deploy",), "CONTINUE", "done"),
    "prolong": lambda i, *hooks: Heartbeat(i, hooks or ("deploy",)),
}


class Crowd:
    """An Auto Scaling client that answers only when so many calls are there at once.

    Attributes
    ----------
    most
        The most calls that were there at once.
    """

    def __init__(self, together: int, failing: str) -> None:
        self._together = threading.Barrier(together)
        self._failing = failing
        self._lock = threading.Lock()
        self._present = self.most = 0

    def complete_lifecycle_action(self, *, InstanceId: str, **_: str) -> None:  # noqa: N803 - boto3's name
        with self._lock:
            self._present += 1
            self.most = max(self.most, self._present)
        self._together.wait(10)
        with self._lock:
            self._present -= 1
        if InstanceId == self._failing:
            raise ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "complete")

    record_lifecycle_action_heartbeat = complete_lifecycle_action


def group(*instances: tuple[str, str], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    described = {
        "AutoScalingGroupName": "web",
        "MinSize": 0,
        "MaxSize": 9,
        "DesiredCapacity": 2,
        "DefaultCooldown": 1,
        "AvailabilityZones": ["eu-west-1a"],
        "HealthCheckType": "EC2",
        "CreatedTime": datetime(2026, 1, 1, tzinfo=UTC),
        "Instances": [
            {
                "InstanceId": i,
                "LifecycleState": state,
                "AvailabilityZone": "eu-west-1a",
                "HealthStatus": "Healthy",
                "ProtectedFromScaleIn": False,
            }
            for i, state in instances
        ],
        **more,
    }
    return {"AutoScalingGroups": [described]}


class TestGroups:
    def test_a_group_comes_with_the_states_of_its_instances(self, aws: Aws) -> None:
        aws.stubs["autoscaling"].add_response(
            "describe_auto_scaling_groups", group(("i-1", "InService")), {"AutoScalingGroupNames": ["web"]}
        )
        found = aws.groups().describe("web")
        assert found is not None
        assert (found.name, found.desired, found.instances) == ("web", 2, (Instance("i-1", "InService"),))

    def test_a_missing_group_is_none(self, aws: Aws) -> None:
        aws.stubs["autoscaling"].add_response("describe_auto_scaling_groups", {"AutoScalingGroups": []})
        assert aws.groups().describe("web") is None

    def test_the_instances_of_a_warm_pool_are_found_on_every_page(self, aws: Aws) -> None:
        stub = aws.stubs["autoscaling"]
        pool = group(("i-1", "InService"), WarmPoolConfiguration={"MinSize": 1})
        stub.add_response("describe_auto_scaling_groups", pool)
        for number, token in ((2, {"NextToken": "more"}), (3, {})):
            warm = group((f"i-{number}", "Warmed:Stopped"))["AutoScalingGroups"][0]["Instances"]
            stub.add_response("describe_warm_pool", {"Instances": warm, **token})
        found = aws.groups().describe("web")
        assert found is not None
        assert {i.id: i.lifecycle for i in found.instances} == {
            "i-1": "InService",
            "i-2": "Warmed:Stopped",
            "i-3": "Warmed:Stopped",
        }

    def test_machines_are_asked_for_by_filter_in_portions(self, aws: Aws) -> None:
        ids = [f"i-{n:04}" for n in range(201)]
        for portion in (ids[:200], ids[200:]):
            aws.stubs["ec2"].add_response(
                "describe_instances",
                {
                    "Reservations": [
                        {
                            "Instances": [
                                {
                                    "InstanceId": portion[0],
                                    "PrivateIpAddress": "10.0.0.1",
                                    "PrivateDnsName": "ip-10-0-0-1.ec2.internal",
                                    "Ipv6Address": "2001:db8::1",
                                    "State": {"Name": "running"},
                                    "LaunchTime": datetime(2026, 1, 1, tzinfo=UTC),
                                }
                            ]
                        }
                    ]
                },
                {"Filters": [{"Name": "instance-id", "Values": portion}]},
            )
        launched = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
        machine = Machine("10.0.0.1", "running", launched, "ip-10-0-0-1.ec2.internal", "2001:db8::1")
        assert aws.groups().machines(ids) == {ids[0]: machine, ids[200]: machine}

    def test_spot_instances_are_asked_about_once_more_and_ec2s_word_is_the_deadline(self, aws: Aws) -> None:
        ids = [f"i-{n}" for n in range(4)]
        found = [
            {"InstanceId": i, "State": {"Name": "running"}, "SpotInstanceRequestId": i.replace("i-", "sir-")}
            for i in ids[:3]
        ]
        found.append({"InstanceId": ids[3], "State": {"Name": "running"}})
        noticed = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
        aws.stubs["ec2"].add_response("describe_instances", {"Reservations": [{"Instances": found}]})
        aws.stubs["ec2"].add_response(
            "describe_spot_instance_requests",
            {
                "SpotInstanceRequests": [
                    {
                        "SpotInstanceRequestId": "sir-0",
                        "InstanceId": "i-0",
                        "Status": {"Code": "instance-terminated-no-capacity", "UpdateTime": noticed},
                    },
                    {
                        "SpotInstanceRequestId": "sir-1",
                        "InstanceId": "i-9",
                        "Status": {"Code": "marked-for-termination", "UpdateTime": noticed},
                    },
                ]
            },
            {
                "Filters": [
                    {"Name": "spot-instance-request-id", "Values": ["sir-0", "sir-1", "sir-2"]},
                    {
                        "Name": "status-code",
                        "Values": [
                            "instance-terminated-by-price",
                            "instance-terminated-no-capacity",
                            "marked-for-termination",
                        ],
                    },
                ]
            },
        )
        machines = aws.groups().machines(ids)
        assert {i: (m.spot, m.interruption) for i, m in machines.items()} == {
            "i-0": (True, noticed.timestamp() + 120),
            "i-1": (True, None),
            "i-2": (True, None),
            "i-3": (False, None),
        }

    def test_the_groups_of_instances_are_asked_for_in_portions_of_fifty(self, aws: Aws) -> None:
        ids = [f"i-{n:03}" for n in range(51)]
        for portion in (ids[:50], ids[50:]):
            member = {
                "InstanceId": portion[0],
                "AutoScalingGroupName": "web",
                "AvailabilityZone": "eu-west-1a",
                "LifecycleState": "InService",
                "HealthStatus": "HEALTHY",
                "ProtectedFromScaleIn": False,
            }
            aws.stubs["autoscaling"].add_response(
                "describe_auto_scaling_instances",
                {"AutoScalingInstances": [member]},
                {"InstanceIds": portion, "MaxRecords": len(portion)},
            )
        assert aws.groups().names(ids) == {ids[0]: "web", ids[50]: "web"}

    @pytest.mark.parametrize("call", ["complete", "prolong"])
    def test_a_wait_that_is_over_is_told_apart_from_trouble(self, aws: Aws, call: str) -> None:
        stub = aws.stubs["autoscaling"]
        operation = OPERATIONS[call]
        stub.add_response(operation, {})
        stub.add_client_error(operation, "ValidationError", NO_ACTION)
        stub.add_client_error(operation, "Throttling", "Rate exceeded")
        method = getattr(aws.groups(), call)
        assert method("web", [WAITS[call]("i-1")]) == {"i-1": True}
        assert method("web", [WAITS[call]("i-1")]) == {"i-1": False}
        (trouble,) = method("web", [WAITS[call]("i-1")]).values()
        assert isinstance(trouble, ClientError)
        assert "Rate exceeded" in str(trouble)

    @pytest.mark.parametrize("call", ["complete", "prolong"])
    def test_the_hook_that_holds_an_instance_is_found(self, aws: Aws, call: str) -> None:
        stub = aws.stubs["autoscaling"]
        stub.add_client_error(OPERATIONS[call], "ValidationError", NO_ACTION)
        named = {"AutoScalingGroupName": "web", "LifecycleHookName": "undeploy", "InstanceId": "i-1"}
        result = {"LifecycleActionResult": "CONTINUE"} if call == "complete" else {}
        stub.add_response(OPERATIONS[call], {}, named | result)
        wait = WAITS[call]("i-1", "deploy", "undeploy")
        assert getattr(aws.groups(), call)("web", [wait]) == {"i-1": True}
        stub.assert_no_pending_responses()

    @pytest.mark.parametrize("call", ["complete", "prolong"])
    def test_many_waits_are_worked_off_side_by_side_and_one_error_loses_no_other(self, call: str) -> None:
        client = Crowd(SIDE_BY_SIDE, failing="i-13")
        groups = Groups(client, client)  # type: ignore[arg-type] # the one call that is made
        ids = [f"i-{n}" for n in range(3 * SIDE_BY_SIDE)]
        answers = getattr(groups, call)("web", [WAITS[call](i) for i in ids])
        assert list(answers) == ids
        assert isinstance(answers.pop("i-13"), ClientError)
        assert set(answers.values()) == {True}
        assert client.most == SIDE_BY_SIDE
