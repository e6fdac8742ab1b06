"""What the engine needs from EC2, what it keeps of a group, and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.auto_scaling.activities import Activity
    from cdk_app.sandbox.cloud.auto_scaling.model import Group, Member, Subnet


class RefusedError(Exception):
    """Auto Scaling refuses a request (``ValidationError``); the text is AWS's."""


class LaunchFailedError(Exception):
    """EC2 did not launch an instance; the text says why."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What EC2 launched."""

    instance_id: str
    instance_type: str


class Machines(Protocol):
    """EC2, as a group uses it."""

    def launch(self, group: Group, subnet: Subnet) -> Machine:
        """Launch an instance from the group's template; raises `LaunchFailedError`."""

    def terminate(self, instance_id: str) -> None:
        """Terminate an instance, or nothing when it is gone."""

    def start(self, instance_id: str) -> None:
        """Start a stopped instance."""

    def stop(self, instance_id: str) -> None:
        """Stop an instance."""

    def running(self, instance_id: str) -> bool:
        """Tell whether the instance runs."""


@dataclass(slots=True)
class Roster:
    """Members and history of one group."""

    members: dict[str, Member] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    """By id, oldest first."""
