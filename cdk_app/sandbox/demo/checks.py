"""Checks of the walkthrough: each one observes, compares and remembers what it compared."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_POLL_SECONDS = 0.2


class CheckFailedError(AssertionError):
    """What was observed is not what the story promises."""


class Checks:
    """Collect the checks of one step.

    Parameters
    ----------
    announce
        Called with a short text whenever a check begins or has held.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self.passed: list[str] = []

    def equal(self, what: str, observed: object, expected: object) -> None:
        """Hold when both are equal.

        Raises
        ------
        CheckFailedError
            Naming what was observed and what was expected.
        """
        if observed != expected:
            msg = f"{what}: observed {observed!r}, expected {expected!r}"
            raise CheckFailedError(msg)
        self._held(what)

    def eventually(
        self, what: str, observe: Callable[[], object], expected: object, *, within: float = 30.0
    ) -> None:
        """Hold when the observation becomes equal to what is expected within so many seconds.

        Raises
        ------
        CheckFailedError
            Naming the last observation, what was expected and how long it was waited for.
        """
        self._announce(f"waiting: {what}")
        deadline = time.monotonic() + within
        pause = threading.Event()
        while (observed := observe()) != expected:
            if time.monotonic() > deadline:
                msg = f"{what}: observed {observed!r}, expected {expected!r}, waited {within:.0f} s"
                raise CheckFailedError(msg)
            pause.wait(_POLL_SECONDS)
        self._held(what)

    def _held(self, what: str) -> None:
        self.passed.append(what)
        self._announce(what)
