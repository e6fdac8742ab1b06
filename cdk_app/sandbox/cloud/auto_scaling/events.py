"""Events that Auto Scaling sends to EventBridge. Pure.

Field sets after the event reference of the Auto Scaling user guide; the tests compare them with samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.auto_scaling.activities import timestamp
from cdk_app.sandbox.cloud.auto_scaling.model import Transition

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.auto_scaling.activities import Activity
    from cdk_app.sandbox.cloud.auto_scaling.model import Group, Member, Place


@dataclass(frozen=True, slots=True)
class Event:
    """What one event says; EventBridge adds id, time, account and region."""

    detail_type: str
    resources: tuple[str, ...]
    detail: dict[str, Any]


def successful(group: Group, member: Member, activity: Activity) -> Event:
    """Return the event of an instance that has arrived or left.

    AWS gives such an activity the status ``InProgress``, not ``Successful``.
    """
    return _outcome(group, member, activity, "Successful", {"Description": activity.description})


def unsuccessful(group: Group, member: Member, activity: Activity) -> Event:
    """Return the event of an instance whose launch or termination failed."""
    return _outcome(group, member, activity, "Unsuccessful", {})


def lifecycle_action(group: Group, member: Member) -> Event:
    """Return the event of an instance that waits for a hook."""
    if member.wait is None:
        raise ValueError(member.instance_id)
    hook = member.wait.hook
    detail = {
        "LifecycleActionToken": member.wait.token,
        "AutoScalingGroupName": group.name,
        "LifecycleHookName": hook.name,
        "EC2InstanceId": member.instance_id,
        "LifecycleTransition": str(hook.transition),
        **({"NotificationMetadata": hook.metadata} if hook.metadata else {}),
        **_places(member.origin, member.destination),
    }
    kind = "launch" if hook.transition is Transition.LAUNCHING else "terminate"
    return Event(f"EC2 Instance-{kind} Lifecycle Action", (group.arn,), detail)


def _outcome(group: Group, member: Member, activity: Activity, outcome: str, extra: dict[str, str]) -> Event:
    kind = "Terminate" if activity.description.startswith("Terminating") else "Launch"
    region, account = group.arn.split(":")[3:5]
    detail = {
        "StatusCode": "InProgress" if outcome == "Successful" else "Failed",
        **extra,
        "AutoScalingGroupName": group.name,
        "ActivityId": activity.id,
        "Details": {"Availability Zone": member.subnet.zone, "Subnet ID": member.subnet.id},
        "RequestId": activity.id,
        "StatusMessage": activity.message,
        "EndTime": timestamp(activity.started if activity.ended is None else activity.ended),
        "EC2InstanceId": member.instance_id,
        "StartTime": timestamp(activity.started),
        "Cause": activity.cause,
        **_places(member.origin, member.destination),
    }
    instance = f"arn:aws:ec2:{region}:{account}:instance/{member.instance_id}"
    return Event(f"EC2 Instance {kind} {outcome}", (group.arn, instance), detail)


def _places(origin: Place, destination: Place) -> dict[str, str]:
    return {"Origin": str(origin), "Destination": str(destination)}
