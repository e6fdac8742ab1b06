"""Memory of this process and all its descendants while the walkthrough runs."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import psutil

_SAMPLE_SECONDS = 0.5


class Footprint:
    """Sample the memory of the process tree in the background.

    Attributes
    ----------
    peak
        Largest sum seen so far, in bytes; a page that processes share counts once.
    """

    def __init__(self) -> None:
        self.peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="footprint", daemon=True)

    def __enter__(self) -> Self:
        """Start sampling."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop sampling."""
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        root = psutil.Process()
        while True:
            self.peak = max(self.peak, sum(_resident(p) for p in (root, *root.children(recursive=True))))
            if self._done.wait(_SAMPLE_SECONDS):
                return


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0
