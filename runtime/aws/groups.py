"""Auto Scaling groups and their machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from runtime.reconciliation.model import Group, Instance, Machine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_ec2 import EC2Client

FILTER_VALUES = 200
"""The most that one DescribeInstances filter takes."""


class Groups:
    """Auto Scaling and EC2, throttling left to the clients' adaptive retries.

    Parameters
    ----------
    autoscaling, ec2
        boto3 clients.
    """

    def __init__(self, autoscaling: AutoScalingClient, ec2: EC2Client) -> None:
        self._autoscaling = autoscaling
        self._ec2 = ec2

    def describe(self, name: str) -> Group | None:
        """Return a group with its instances, or None when there is no such group."""
        answer = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        for group in answer["AutoScalingGroups"]:
            if group["AutoScalingGroupName"] == name:
                states: dict[str, str] = {
                    item["InstanceId"]: item["LifecycleState"] for item in group.get("Instances", ())
                }
                if group.get("WarmPoolConfiguration"):
                    states = self._warm(name) | states
                instances = tuple(Instance(*item) for item in states.items())
                return Group(name, group["DesiredCapacity"], instances)
        return None

    def _warm(self, name: str) -> dict[str, str]:
        """Return the lifecycle states in the warm pool, whose instances the group itself does not list."""
        pages = self._autoscaling.get_paginator("describe_warm_pool").paginate(AutoScalingGroupName=name)
        return {
            item["InstanceId"]: item["LifecycleState"] for page in pages for item in page.get("Instances", ())
        }

    def machines(self, instance_ids: Iterable[str]) -> dict[str, Machine]:
        """Return the machines of those instances that EC2 still knows.

        By filter: unlike a list of ids, a filter does not fail for an id that EC2 has forgotten.
        """
        wanted = sorted(instance_ids)
        found: dict[str, Machine] = {}
        pages = self._ec2.get_paginator("describe_instances")
        for start in range(0, len(wanted), FILTER_VALUES):
            values = wanted[start : start + FILTER_VALUES]
            for page in pages.paginate(Filters=[{"Name": "instance-id", "Values": values}]):
                for reservation in page["Reservations"]:
                    for instance in reservation.get("Instances", ()):
                        found[instance["InstanceId"]] = Machine(
                            address=instance.get("PrivateIpAddress") or "",
                            state=instance["State"]["Name"],
                            launched=instance["LaunchTime"].timestamp() if "LaunchTime" in instance else 0.0,
                            name=instance.get("PrivateDnsName") or "",
                            ipv6=instance.get("Ipv6Address") or "",
                        )
        return found

    def complete(self, group: str, hook: str, instance_id: str, result: str) -> bool:
        """End the wait of an instance with ``CONTINUE`` or ``ABANDON``; tell whether it was waiting."""
        try:
            self._autoscaling.complete_lifecycle_action(
                AutoScalingGroupName=group,
                LifecycleHookName=hook,
                InstanceId=instance_id,
                LifecycleActionResult=result,
            )
        except ClientError as error:
            return _no_longer_waiting(error)
        return True

    def heartbeat(self, group: str, hook: str, instance_id: str) -> bool:
        """Prolong the wait of an instance by the hook's timeout; tell whether it was waiting."""
        try:
            self._autoscaling.record_lifecycle_action_heartbeat(
                AutoScalingGroupName=group, LifecycleHookName=hook, InstanceId=instance_id
            )
        except ClientError as error:
            return _no_longer_waiting(error)
        return True


def _no_longer_waiting(error: ClientError) -> bool:
    """Return False for AWS's answer about a wait that has ended; raise everything else again.

    The answer is a ValidationError ``No active Lifecycle Action found with instance ID …``.
    """
    if error.response.get("Error", {}).get("Code") != "ValidationError":
        raise error
    return False
