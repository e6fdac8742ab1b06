"""Work that goes on after a request has been answered: events, deadlines, retries.

MiniStack keeps account and region of a request in context variables; a thread without the request's context
would act on the stores of another account. So everything that is handed over here runs in a copy of it.
"""

from __future__ import annotations

import contextvars
import heapq
import itertools
import logging
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


class Background:
    """One thread that runs work at given times, in order of time and of arrival."""

    def __init__(self, name: str) -> None:
        self._due: list[tuple[float, int, contextvars.Context, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def soon(self, work: Callable[[], None]) -> None:
        """Run work as soon as what was handed over before it is done."""
        self.after(0.0, work)

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Run work once, when the seconds have passed."""
        entry = (time.monotonic() + seconds, next(self._numbers), contextvars.copy_context(), work)
        with self._changed:
            heapq.heappush(self._due, entry)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > time.monotonic():
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                _, _, context, work = heapq.heappop(self._due)
            try:
                context.run(work)
            except Exception:
                logger.exception("background work failed")
