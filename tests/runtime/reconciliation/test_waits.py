"""Waits: when a heartbeat is due, and what is said once of a wait that AWS has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runtime.reconciliation.actions import Heartbeat, Release
from runtime.reconciliation.memory import Memory
from runtime.reconciliation.model import Group, Instance
from runtime.reconciliation.waits import BEAT_SECONDS, Waits
from tests.runtime.twins.aws import TwinReport
from tests.runtime.twins.clock import TwinClock
from tests.runtime.twins.world import config

if TYPE_CHECKING:
    from collections.abc import Sequence

WAITING = (Heartbeat("i-1", ("deploy",)),)
GROUP = Group("web", 1, (Instance("i-1", "Pending:Wait"),))


class Hooks:
    """Auto Scaling, which holds instances or does not."""

    def __init__(self, *, held: bool) -> None:
        self.held = held
        self.prolonged: list[str] = []

    def prolong(self, _group: str, waiting: Sequence[Heartbeat]) -> dict[str, bool | Exception]:
        self.prolonged += [each.instance for each in waiting]
        return {each.instance: self.held for each in waiting}

    def complete(self, _group: str, releases: Sequence[Release]) -> dict[str, bool | Exception]:
        return {each.instance: self.held for each in releases}


class Site:
    def __init__(self, *, held: bool = True) -> None:
        self.hooks, self.memory, self.clock, self.report = (
            Hooks(held=held),
            Memory(),
            TwinClock(),
            TwinReport(),
        )
        self.waits = Waits(
            config(),
            self.hooks,  # type: ignore[arg-type] # the calls that are made
            self.memory,
            self.clock,
            self.report,
            lambda *_: None,
            lambda: None,
        )

    def look_after(self, seconds: float) -> bool:
        self.clock.sleep(seconds)
        self.waits.expect(WAITING, GROUP)
        return self.waits.beat()


def test_a_newcomer_is_prolonged_after_half_the_time_then_after_the_whole() -> None:
    site = Site()
    due = [site.look_after(seconds) for seconds in (0, BEAT_SECONDS / 2, BEAT_SECONDS - 1, 1)]
    assert due == [False, True, False, True]


def test_a_wait_that_aws_has_ended_is_told_once_and_not_prolonged_again() -> None:
    site = Site(held=False)
    for _ in range(4):
        site.look_after(BEAT_SECONDS)
    assert site.hooks.prolonged == ["i-1"]
    assert site.report.metrics == {"HooksExpired": 1}
    # Nor when it should have been released in the end.
    site.waits.release([Release("i-1", "Pending:Wait", ("deploy",), "CONTINUE", "done")])
    assert site.report.metrics == {"HooksExpired": 1}
    assert site.memory.completed == {"i-1": "Pending:Wait"}


@pytest.mark.parametrize(
    ("result", "metric"), [("CONTINUE", "InstancesReleased"), ("ABANDON", "InstancesAbandoned")]
)
def test_a_wait_that_we_end_is_counted_by_its_result(result: str, metric: str) -> None:
    site = Site()
    site.waits.release([Release("i-1", "Pending:Wait", ("deploy",), result, "why")])
    assert site.report.metrics == {metric: 1}
