"""Time that passes only when somebody waits."""

from __future__ import annotations


class TwinClock:
    """A clock for one run: sleeping advances it, and the run ends `budget` seconds after `restart`."""

    def __init__(self, budget: float = 600.0) -> None:
        self._now = 1_800_000_000.0
        self._budget = budget
        self._end = self._now + budget

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += max(0.0, seconds)

    def remaining(self) -> float:
        return self._end - self._now

    def restart(self, budget: float | None = None) -> None:
        self._end = self._now + (self._budget if budget is None else budget)
