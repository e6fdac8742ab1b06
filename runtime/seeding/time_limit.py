"""An end before Lambda's own, which would tell nobody anything."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runtime.seeding.errors import OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class TimeLimit:
    """Time of one invocation.

    A signal ends what takes too long, whatever it waits for: names, connections, an answer that comes byte by
    byte. Lambda runs a handler in its process's main thread, where signals arrive.

    Parameters
    ----------
    remaining : callable
        Returns the seconds until Lambda stops the function.
    """

    def __init__(self, remaining: Callable[[], float]) -> None:
        self._remaining = remaining

    @contextmanager
    def leaving(self, seconds: float) -> Iterator[None]:
        """End the block so many seconds before the function is stopped.

        Raises
        ------
        OutOfTimeError
            In the block, at any line.
        """
        allowed = self._remaining() - seconds
        if allowed <= 0:
            raise OutOfTimeError
        before = signal.signal(signal.SIGALRM, _ring)
        signal.setitimer(signal.ITIMER_REAL, allowed)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def _ring(_number: int, _frame: object) -> None:
    raise OutOfTimeError
