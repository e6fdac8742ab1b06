"""What a plan consists of: actions, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.reconciliation.model import Application


@dataclass(frozen=True, slots=True)
class Register:
    """Create the host of an instance."""

    instance: str
    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class Membership:
    """Change the environment's members: ids of our hosts to add and to take out."""

    joining: frozenset[str]
    parting: frozenset[str]
    reason: str


@dataclass(frozen=True, slots=True)
class Rollout:
    """Bring an application onto arriving instances and off leaving ones, in one task.

    Attributes
    ----------
    application : Application
        As observed; without deployeds when it has to be deployed anew (`initial`).
    arriving, leaving : frozenset of str
        Instance ids.
    dead : frozenset of str
        Those of `leaving` on which no step may run.
    forgotten : frozenset of str
        Those of `leaving` for which tasks have failed: edit the repository, no task.
    until : float or None
        Not to be begun later, seconds since the epoch: EC2 takes one of `leaving` back before its steps end.
    """

    application: Application
    arriving: frozenset[str]
    leaving: frozenset[str]
    dead: frozenset[str]
    forgotten: frozenset[str]
    initial: bool
    reason: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """End the wait of an instance: the first of `hooks` that holds it, with a result."""

    instance: str
    lifecycle: str
    hooks: tuple[str, ...]
    result: str
    reason: str

    @property
    def admits(self) -> bool:
        """Whether it lets the instance into service."""
        return self.result == "CONTINUE" and self.lifecycle.startswith("Pending")


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete the host of an instance that is leaving or gone."""

    instance: str
    reason: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Prolong the wait of an instance, whenever that is due, until the wait has been ended."""

    instance: str
    hooks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interruption:
    """Say that an instance leaves although Auto Scaling lists it as before: EC2 takes it back."""

    instance: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Leave something undone on purpose, and say so."""

    subject: str
    metric: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything to be done after one look, in the order in which it is done."""

    register: tuple[Register, ...] = ()
    membership: Membership | None = None
    rollouts: tuple[Rollout, ...] = ()
    releases: tuple[Release, ...] = ()
    removals: tuple[Remove, ...] = ()
    heartbeats: tuple[Heartbeat, ...] = ()
    interruptions: tuple[Interruption, ...] = ()
    holds: tuple[Hold, ...] = ()
    retry_after: int | None = None
    """Seconds after which another look is worth it although nothing can be done now."""

    @property
    def idle(self) -> bool:
        """Whether nothing can be done now."""
        return not (self.register or self.membership or self.rollouts or self.releases or self.removals)

    @property
    def only_admits(self) -> bool:
        """Whether letting instances into service is all that there is to do, now or later."""
        others = tuple(release for release in self.releases if not release.admits)
        return bool(self.releases) and self.retry_after is None and replace(self, releases=others).idle

    @property
    def disturbs(self) -> bool:
        """Whether something in it must not happen beside a person's task on the environment."""
        return bool(self.rollouts or self.removals or any(release.admits for release in self.releases))
