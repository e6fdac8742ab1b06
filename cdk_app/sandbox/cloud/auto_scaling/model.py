"""What a group, a member and a lifecycle action are (Auto Scaling user guide, instance lifecycle)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_WAIT_SECONDS = 48 * 3600
MAX_HEARTBEATS = 100
"""An action may wait for 48 hours or 100 heartbeat timeouts, whichever is less."""


class State(StrEnum):
    """Lifecycle states that this cloud's groups pass through."""

    PENDING = "Pending"
    PENDING_WAIT = "Pending:Wait"
    IN_SERVICE = "InService"
    TERMINATING = "Terminating"
    TERMINATING_WAIT = "Terminating:Wait"
    STANDBY = "Standby"
    WARMED_PENDING = "Warmed:Pending"
    WARMED_PENDING_WAIT = "Warmed:Pending:Wait"
    WARMED_STOPPED = "Warmed:Stopped"
    WARMED_RUNNING = "Warmed:Running"
    WARMED_HIBERNATED = "Warmed:Hibernated"
    WARMED_TERMINATING = "Warmed:Terminating"
    WARMED_TERMINATING_WAIT = "Warmed:Terminating:Wait"


RESTING = frozenset({State.WARMED_STOPPED, State.WARMED_RUNNING, State.WARMED_HIBERNATED})
LAUNCHING = frozenset({State.PENDING, State.PENDING_WAIT})
LEAVING = frozenset(
    {State.TERMINATING, State.TERMINATING_WAIT, State.WARMED_TERMINATING, State.WARMED_TERMINATING_WAIT}
)
CAPACITY = LAUNCHING | {State.IN_SERVICE}
"""States that count towards the desired capacity."""
WARM = RESTING | {State.WARMED_PENDING, State.WARMED_PENDING_WAIT}
"""States that count towards the size of the warm pool."""
POOLED = WARM | {State.WARMED_TERMINATING, State.WARMED_TERMINATING_WAIT}
"""States of instances that ``DescribeWarmPool`` lists."""


class Transition(StrEnum):
    """What a lifecycle hook waits for."""

    LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
    TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


class Result(StrEnum):
    """How a lifecycle action ends."""

    CONTINUE = "CONTINUE"
    ABANDON = "ABANDON"


class Place(StrEnum):
    """Where an instance comes from or goes to, as events name it."""

    EC2 = "EC2"
    GROUP = "AutoScalingGroup"
    POOL = "WarmPool"


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet of a group."""

    id: str
    zone: str


@dataclass(frozen=True, slots=True)
class Hook:
    """A lifecycle hook.

    Attributes
    ----------
    timeout
        Seconds without a heartbeat after which ``default`` applies.
    """

    name: str
    transition: Transition
    timeout: int = 3600
    default: Result = Result.ABANDON
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """The launch template of a group, with the version that a launch right now would use."""

    id: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class WarmPool:
    """A warm pool.

    Attributes
    ----------
    size
        Instances that the pool should hold while the group is at its desired capacity.
    state
        What its instances rest in, a state of ``RESTING``.
    reuse
        Whether scale-in returns instances to the pool.
    """

    size: int
    state: State = State.WARMED_STOPPED
    reuse: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The configuration of a group at one moment.

    Attributes
    ----------
    tags
        Tags that its instances get (``PropagateAtLaunch``).
    protect_new
        Whether new instances are protected from scale-in.
    """

    name: str
    arn: str
    minimum: int
    maximum: int
    desired: int
    subnets: tuple[Subnet, ...]
    template: Template | None = None
    hooks: tuple[Hook, ...] = ()
    policies: tuple[str, ...] = ("Default",)
    tags: Mapping[str, str] = field(default_factory=dict)
    protect_new: bool = False
    pool: WarmPool | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A lifecycle action in progress.

    Attributes
    ----------
    started, deadline
        Seconds since the epoch: when the action began, and when it ends without a heartbeat.
    """

    hook: Hook
    token: str
    started: float
    deadline: float

    @property
    def limit(self) -> float:
        """Seconds since the epoch beyond which no heartbeat helps."""
        return self.started + min(MAX_HEARTBEATS * self.hook.timeout, MAX_WAIT_SECONDS)


@dataclass(frozen=True, slots=True)
class Member:
    """An instance of a group.

    Attributes
    ----------
    launched
        Seconds since the epoch.
    activity
        Id of the scaling activity that moves it, or moved it last.
    origin, destination
        Of that activity.
    done
        Names of the hooks that have let it pass in this activity.
    """

    instance_id: str
    subnet: Subnet
    instance_type: str
    template: Template | None
    launched: float
    activity: str
    state: State = State.PENDING
    origin: Place = Place.EC2
    destination: Place = Place.GROUP
    healthy: bool = True
    protected: bool = False
    wait: Wait | None = None
    done: tuple[str, ...] = ()
