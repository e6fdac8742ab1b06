"""The directory of one run: emptied at its start, and used by one run at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from cdk_app.sandbox.errors import SandboxError


class RunDirectoryError(SandboxError):
    """The directory cannot be used; the message says why and what to do."""


class RunDirectory:
    """An empty directory that is this run's alone, from entering the context to leaving it.

    The kernel gives the lock back when the process ends, however it ends.

    Parameters
    ----------
    path
        The directory. Its lock is a file beside it, ``NAME.lock``, which stays.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = ExitStack()

    def __enter__(self) -> Self:
        """Lock the directory and empty it.

        Raises
        ------
        RunDirectoryError
            When another run uses it, or it cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with ExitStack() as opening:
                lock = opening.enter_context(self.path.with_name(f"{self.path.name}.lock").open("a+"))
                self._take(lock.fileno())
                lock.seek(0)
                lock.truncate()
                lock.write(f"{os.getpid()}\n")
                lock.flush()
                if self.path.exists():
                    shutil.rmtree(self.path)
                self.path.mkdir()
                self._held = opening.pop_all()
        except OSError as error:
            msg = f"{self.path}: got {error.strerror!r}, expected a directory to write to; run it elsewhere"
            raise RunDirectoryError(msg) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lock back; the files stay, for a look at them."""
        self._held.close()

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
            msg = f"{self.path}: in use by another run (process {owner}); end it, or wait for its end"
            raise RunDirectoryError(msg) from error
