"""Scaling activities: their records and AWS's sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.auto_scaling.model import Subnet


@dataclass(frozen=True, slots=True)
class Activity:
    """One scaling activity, as ``DescribeScalingActivities`` lists it.

    Attributes
    ----------
    started, ended
        Seconds since the epoch; ``ended`` is ``None`` while it goes on.
    status
        ``InProgress``, ``MidLifecycleAction``, ``Successful``, ``Failed`` or ``Cancelled``.
    """

    id: str
    group: str
    description: str
    cause: str
    started: float
    subnet: Subnet | None
    status: str = "InProgress"
    message: str = ""
    ended: float | None = None

    @property
    def progress(self) -> int:
        """Percentage done."""
        return {"InProgress": 50, "MidLifecycleAction": 60}.get(self.status, 100)


def timestamp(seconds: float) -> str:
    """Return seconds since the epoch as events and causes write them."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def launching(instance_id: str) -> str:
    """Return the description of a launch."""
    return f"Launching a new EC2 instance: {instance_id}"


def terminating(instance_id: str) -> str:
    """Return the description of a termination."""
    return f"Terminating EC2 instance: {instance_id}"


def desired_changed(now: float, before: int, after: int) -> str:
    """Return the cause of a change that somebody asked for."""
    return (
        f"At {timestamp(now)} a user request explicitly set group desired capacity changing the desired "
        f"capacity from {before} to {after}."
    )


def grown(cause: str, now: float, before: int, after: int) -> str:
    """Extend a cause by what the group did because it had too few instances."""
    return (
        f"{cause}  At {timestamp(now)} an instance was started in response to a difference between desired "
        f"and actual capacity, increasing the capacity from {before} to {after}."
    )


def shrunk(cause: str, now: float, before: int, after: int, instance_id: str) -> str:
    """Extend a cause by what the group did because it had too many instances."""
    return (
        f"{cause}  At {timestamp(now)} an instance was taken out of service in response to a difference "
        f"between desired and actual capacity, shrinking the capacity from {before} to {after}.  "
        f"At {timestamp(now)} instance {instance_id} was selected for termination."
    )


def unhealthy(now: float, running: bool) -> str:
    """Return the cause of a replacement."""
    why = (
        "a user health-check"
        if running
        else "an EC2 health check indicating it has been terminated or stopped"
    )
    return f"At {timestamp(now)} an instance was taken out of service in response to {why}."


def requested(now: float, instance_id: str) -> str:
    """Return the cause of a termination that somebody asked for."""
    return (
        f"At {timestamp(now)} instance {instance_id} was taken out of service in response to a user request."
    )


def abandoned(token: str, expired: bool) -> str:
    """Return the status message of an activity whose lifecycle action failed."""
    why = "Heartbeat Timeout" if expired else "Lifecycle Action Completed with ABANDON Result"
    return (
        "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token "
        f"{token} was abandoned: {why}"
    )
