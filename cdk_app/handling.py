"""The handler delivery: events become hints in a queue, and a function of ours does the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Duration

from cdk_app.api import HintApi
from cdk_app.ledger import Ledger
from cdk_app.queue import HintQueue
from cdk_app.reconciler import RECONCILER_TIMEOUT, Reconciler

if TYPE_CHECKING:
    from constructs import IDependable

    from cdk_app.deploy_server import DeployServer
    from cdk_app.function_network import FunctionNetwork
    from cdk_app.hub import DeployHub

__all__ = ["Handling"]


@dataclass(frozen=True, slots=True)
class Handling:
    """What the handler delivery of a hub is made of; its constructs are the hub's own."""

    hints: HintQueue
    events: HintApi
    ledger: Ledger
    reconciler: Reconciler

    @classmethod
    def of(
        cls,
        hub: DeployHub,
        *,
        deploy: DeployServer,
        delay: Duration | None,
        max_concurrency: int,
        network: FunctionNetwork | None,
        tracing: bool,
    ) -> Handling:
        """Make it for a hub; parameters are the hub's.

        Raises
        ------
        ValueError
            If a number is out of range.
        """
        _check_numbers(delay, max_concurrency)
        hints = HintQueue(
            hub,
            "Hints",
            delay=Duration.seconds(2) if delay is None else delay,
            # A crash blocks the group for as long: little more than the longest run.
            visibility_timeout=RECONCILER_TIMEOUT.plus(Duration.minutes(1)),
        )
        ledger = Ledger(hub, "Ledger")
        reconciler = Reconciler(
            hub,
            "Reconciler",
            deploy=deploy,
            queue=hints.queue,
            ledger=ledger.table,
            groups_prefix=hub.groups_prefix,
            service=f"{hub.id}-reconciler",
            max_concurrency=max_concurrency,
            network=network,
            tracing=tracing,
        )
        return cls(hints, HintApi(hub, "Events", queue=hints.queue, tracing=tracing), ledger, reconciler)

    @property
    def parts(self) -> tuple[IDependable, ...]:
        """What must be there as long as a group is."""
        return (self.events, self.hints, self.reconciler)


def _check_numbers(delay: Duration | None, max_concurrency: int) -> None:
    if delay is not None and delay.to_seconds() > 900:
        raise ValueError(
            f"delay: got {delay.to_seconds():g} s, expected 0 to 900 s, the most that SQS delays"
        )
    if not 2 <= max_concurrency <= 1000:
        raise ValueError(f"max_concurrency: got {max_concurrency}, expected 2 to 1000, as Lambda allows")
