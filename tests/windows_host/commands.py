"""A command that a client of WinRM started: its streams, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# What of a stream goes into one message: a client asks for 150 kB at most, and two streams are base64.
_CHUNK = 32 * 1024


@dataclass(frozen=True)
class Output:
    """What a command wrote since it was asked last, by stream; and its exit status once there is no more."""

    streams: Mapping[str, bytes]
    status: int | None


class Command:
    """A line for the shell of this machine, running.

    Parameters
    ----------
    line
        As ``cmd.exe /C`` gets it: a quotation mark in front and the last one are not the command's. Of
        ``cmd /?`` that is the second rule; the first, for the path of a program with blanks, is left out.
    directory
        Where it runs.
    environment
        Variables on top of this process's.
    """

    def __init__(self, line: str, directory: Path, environment: Mapping[str, str]) -> None:
        if line.startswith('"'):
            line = "".join(line[1:].rsplit('"', 1))
        self._process = subprocess.Popen(  # noqa: S603 - what the stand-in is there for
            ["/bin/sh", "-c", line],
            cwd=directory,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._news = threading.Condition()
        self._written = {"stdout": b"", "stderr": b""}
        streams = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        self._readers = {
            threading.Thread(target=self._read, args=(name, stream)) for name, stream in streams.items()
        }
        self._open = len(self._readers)
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            while data := os.read(stream.fileno(), _CHUNK):
                with self._news:
                    self._written[name] += data
                    self._news.notify_all()
        with self._news:
            self._open -= 1
            self._news.notify_all()

    def receive(self, seconds: float) -> Output | None:
        """Wait for output or the end; none if neither came in time."""
        with self._news:
            if not self._news.wait_for(lambda: any(self._written.values()) or not self._open, seconds):
                return None
            streams = {name: data[:_CHUNK] for name, data in self._written.items() if data}
            self._written = {name: data[_CHUNK:] for name, data in self._written.items()}
            more = self._open or any(self._written.values())
        return Output(streams, None if more else self._process.wait())

    def send(self, data: bytes, *, end: bool) -> None:
        """Write to the command's standard input, and close it if that was all."""
        assert self._process.stdin is not None
        # A command may have ended, or closed its input, without reading what it gets.
        with suppress(BrokenPipeError):
            self._process.stdin.write(data)
            self._process.stdin.flush()
            if end:
                self._process.stdin.close()

    def interrupt(self) -> None:
        """Do what Control-C does."""
        self._kill(signal.SIGINT)

    def terminate(self) -> None:
        """End the command and whatever it started, if it still runs, and let go of its streams."""
        self._kill(signal.SIGKILL)
        self._process.wait()
        for reader in self._readers:
            reader.join()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def _kill(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
