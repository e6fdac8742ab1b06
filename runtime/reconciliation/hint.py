"""Why a group is looked at, and what is wanted besides a look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.reconciliation.model import Observed

CLOCK_SKEW_SECONDS = 1.0
"""Between SQS's clock and ours, at most."""

_CONFIRMATION_SECONDS, _CONFIRMATION_PAUSE = 15.0, 5


@dataclass(frozen=True, slots=True)
class Hint:
    """Why to look.

    Attributes
    ----------
    sent : float
        When the newest message behind it was sent, seconds since the epoch.
    sources : frozenset of str
        Who sent them: ``aws.autoscaling``, ``aws.ec2``, ``schedule``, ``operator``, ``reconciler``.
    backlog : bool
        Whether more messages about the group are probably in the queue.
    instances : frozenset of str
        Those that EC2 may be taking back: it is asked about them.
    """

    sent: float
    sources: frozenset[str] = frozenset()
    backlog: bool = False
    instances: frozenset[str] = frozenset()

    def superseded(self, observed: float) -> bool:
        """Tell whether a look that began at a time has done all that this hint is for.

        A hint that wants more than a look is never superseded: for an operator things are forgotten and
        reported, and only a hint that names instances makes EC2 be asked about them.
        """
        more = "operator" in self.sources or bool(self.instances)
        return not more and observed >= self.sent + CLOCK_SKEW_SECONDS

    def unconfirmed(self, observed: Observed) -> int | None:
        """Return when to look again because an event may be ahead of EC2's answers."""
        fresh = observed.at < self.sent + _CONFIRMATION_SECONDS
        named = (machine for i, machine in observed.machines.items() if i in self.instances)
        doubtful = any(m.spot and m.running and m.interruption is None for m in named)
        return _CONFIRMATION_PAUSE if fresh and doubtful else None
