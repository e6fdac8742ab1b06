"""One step of a story: run it, and say what it showed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cdk_app.sandbox.demo.checks import Checks

Step = Callable[[Checks], None]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step showed.

    Attributes
    ----------
    checks
        What was checked and held.
    seconds
        Wall-clock time of the step.
    failure
        Why the step failed, or None.
    """

    title: str
    checks: tuple[str, ...]
    seconds: float
    failure: str | None = None


def tell(title: str, step: Step, announce: Callable[[str], None]) -> StepResult:
    """Run one step and return what it showed; any error is the step's failure."""
    checks = Checks(announce)
    started = time.monotonic()
    failure = None
    try:
        step(checks)
    except Exception as error:  # a walkthrough reports whatever went wrong
        failure = f"{type(error).__name__}: {error}"
    return StepResult(title, tuple(checks.passed), time.monotonic() - started, failure)
