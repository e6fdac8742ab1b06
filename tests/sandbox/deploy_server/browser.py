"""A headless Chromium, driven through its debugging pipe."""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

# --no-sandbox: Chromium refuses its own sandbox to root, which is what containers run tests as.
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")


class Browser:
    """One tab of a browser. Messages are JSON, each ended by a zero byte."""

    def __init__(self, commands: BinaryIO, answers: BinaryIO) -> None:
        self._commands = commands
        self._answers = answers
        self._number = 0
        self._session: str | None = None

    def open(self, address: str) -> None:
        target = self._call("Target.createTarget", url=address)["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    def evaluate(self, script: str) -> Any:  # noqa: ANN401 - whatever the script gives
        """Return the value of a JavaScript expression, ``None`` while there is none."""
        return self._call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._commands.write(json.dumps(message).encode() + b"\0")
        self._commands.flush()
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self._number:
                assert "result" in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> bytes:
        message = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "The browser has ended"
            message += byte
        return bytes(message)


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Browser]:
    """Start a browser that reads commands from descriptor 3 and answers on descriptor 4."""
    read_commands, write_commands = os.pipe()
    read_answers, write_answers = os.pipe()
    process = os.posix_spawn(
        program,
        [program, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-pipe"],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, read_commands, 3),
            (os.POSIX_SPAWN_DUP2, write_answers, 4),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
    )
    os.close(read_commands)
    os.close(write_answers)
    with os.fdopen(write_commands, "wb") as commands, os.fdopen(read_answers, "rb") as answers:
        try:
            yield Browser(commands, answers)
        finally:
            os.kill(process, signal.SIGTERM)
            os.waitpid(process, 0)
