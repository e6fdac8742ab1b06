"""The handler delivery: events become hints in a queue, and a function of ours does the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Duration, Token

from cdk_app.api import HintApi
from cdk_app.events import InterruptionEvents
from cdk_app.ledger import Ledger
from cdk_app.queue import HintQueue
from cdk_app.reconciler import RECONCILER_TIMEOUT, Reconciler

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs
    from constructs import Construct, IDependable

    from cdk_app.function import FunctionOptions

__all__ = ["Handling"]


@dataclass(frozen=True, slots=True)
class Handling:
    """What the handler delivery of a hub is made of; its constructs are the hub's own."""

    hints: HintQueue
    events: HintApi
    ledger: Ledger
    reconciler: Reconciler
    interruptions: InterruptionEvents

    @classmethod
    def of(
        cls,
        scope: Construct,
        *,
        options: FunctionOptions,
        groups_prefix: str,
        dead_letter_queue: sqs.IQueue,
        delay: Duration | None,
        max_concurrency: int | None,
    ) -> Handling:
        """Make it for a hub.

        Parameters
        ----------
        scope
            The hub.
        options
            What its functions have in common.
        groups_prefix
            SSM path under which each group's parameter is.
        dead_letter_queue
            Where events go that the queue does not take.
        delay, max_concurrency
            As the hub got them.

        Raises
        ------
        ValueError
            If a number is out of range.
        """
        concurrency = 5 if max_concurrency is None else max_concurrency
        _check_numbers(delay, concurrency)
        hints = HintQueue(
            scope,
            "Hints",
            delay=Duration.seconds(2) if delay is None else delay,
            # A crash blocks the group for as long: little more than the longest run.
            visibility_timeout=RECONCILER_TIMEOUT.plus(Duration.minutes(1)),
        )
        ledger = Ledger(scope, "Ledger")
        reconciler = Reconciler(
            scope,
            "Reconciler",
            options=options,
            queue=hints.queue,
            ledger=ledger.table,
            groups_prefix=groups_prefix,
            max_concurrency=concurrency,
        )
        events = HintApi(scope, "Events", name=options.hub_id, queue=hints.queue, tracing=options.tracing)
        interruptions = InterruptionEvents(
            scope, "Interruptions", queue=hints.queue, dead_letter_queue=dead_letter_queue
        )
        return cls(hints, events, ledger, reconciler, interruptions)

    @property
    def parts(self) -> tuple[IDependable, ...]:
        """What must be there as long as a group is."""
        return (self.events, self.hints, self.reconciler, self.interruptions)


def _check_numbers(delay: Duration | None, max_concurrency: int) -> None:
    seconds = 0 if delay is None or delay.is_unresolved() else delay.to_seconds(integral=False)
    if seconds > 900 or seconds % 1:
        raise ValueError(f"delay: got {seconds:g} s, expected 0 to 900 whole seconds, as SQS delays")
    if not Token.is_unresolved(max_concurrency) and not (
        isinstance(max_concurrency, int) and 2 <= max_concurrency <= 1000
    ):
        raise ValueError(f"max_concurrency: got {max_concurrency!r}, expected 2 to 1000, as Lambda allows")
