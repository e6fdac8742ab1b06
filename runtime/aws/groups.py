"""Auto Scaling groups and their machines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from runtime.aws.concurrency import side_by_side
from runtime.aws.spot import FILTER_VALUES, interruptions
from runtime.reconciliation.model import Group, Instance, Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_ec2 import EC2Client

    from runtime.reconciliation.actions import Heartbeat, Release

MEMBERSHIPS = 50
"""The most instances that DescribeAutoScalingInstances takes."""

SIDE_BY_SIDE = 10
"""Calls about single instances at a time.

As many as the connections that botocore keeps to a service (``max_pool_connections``). More would hardly be
faster: all calls to Auto Scaling of an account and region share one bucket of tokens, whose size AWS does not
tell, with Auto Scaling's other users. When it is empty, the clients' adaptive retries slow down all threads.
"""


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

        By filter: unlike a list of ids, a filter does not fail for an id that EC2 has forgotten. One more
        call tells which of the Spot Instances among them are interrupted.
        """
        wanted = sorted(instance_ids)
        found: dict[str, Machine] = {}
        requests: dict[str, str] = {}
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
                            spot="SpotInstanceRequestId" in instance,
                        )
                        if "SpotInstanceRequestId" in instance:
                            requests[instance["InstanceId"]] = instance["SpotInstanceRequestId"]
        ends = interruptions(self._ec2, requests) if requests else {}
        return found | {i: replace(found[i], interruption=end) for i, end in ends.items()}

    def names(self, instance_ids: Iterable[str]) -> dict[str, str]:
        """Return the group's name of those instances that belong to a group."""
        wanted = sorted(instance_ids)
        found: dict[str, str] = {}
        for start in range(0, len(wanted), MEMBERSHIPS):
            ids = wanted[start : start + MEMBERSHIPS]
            answer = self._autoscaling.describe_auto_scaling_instances(InstanceIds=ids, MaxRecords=len(ids))
            for instance in answer["AutoScalingInstances"]:
                found[instance["InstanceId"]] = instance["AutoScalingGroupName"]
        return found

    def complete(self, group: str, releases: Sequence[Release]) -> dict[str, bool | Exception]:
        """End waits, several at a time.

        Returns
        -------
        dict
            Instance id to whether one of the release's hooks held it, or to the error of its call: that of
            one instance keeps no other from its answer.
        """
        answers = side_by_side(lambda release: self._complete(group, release), releases, SIDE_BY_SIDE)
        return {release.instance: answer for release, answer in zip(releases, answers, strict=True)}

    def prolong(self, group: str, waiting: Sequence[Heartbeat]) -> dict[str, bool | Exception]:
        """Prolong waits by their hooks' timeouts, several at a time; answers as `complete` does."""
        answers = side_by_side(lambda heartbeat: self._prolong(group, heartbeat), waiting, SIDE_BY_SIDE)
        return {heartbeat.instance: answer for heartbeat, answer in zip(waiting, answers, strict=True)}

    def _complete(self, group: str, release: Release) -> bool:
        return _held(
            lambda hook: self._autoscaling.complete_lifecycle_action(
                AutoScalingGroupName=group,
                LifecycleHookName=hook,
                InstanceId=release.instance,
                LifecycleActionResult=release.result,
            ),
            release.hooks,
        )

    def _prolong(self, group: str, heartbeat: Heartbeat) -> bool:
        return _held(
            lambda hook: self._autoscaling.record_lifecycle_action_heartbeat(
                AutoScalingGroupName=group, LifecycleHookName=hook, InstanceId=heartbeat.instance
            ),
            heartbeat.hooks,
        )


def _held(call: Callable[[str], object], hooks: Sequence[str]) -> bool:
    """Call with one hook after the other until one holds the instance; tell whether any did.

    That a hook does not is a ValidationError ``No active Lifecycle Action found with instance ID …``.
    """
    for hook in hooks:
        try:
            call(hook)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ValidationError":
                raise
        else:
            return True
    return False
