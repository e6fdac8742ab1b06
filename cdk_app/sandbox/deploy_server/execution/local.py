"""Steps on ``overthere.LocalHost``: the machine that runs the server."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.remoting import CommandResult

if TYPE_CHECKING:
    from collections.abc import Mapping


class LocalConnection:
    """Runs commands and keeps files on this machine.

    Parameters
    ----------
    directory
        Where commands run and what relative paths are relative to.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def run(self, command: str, env: Mapping[str, str] | None = None) -> CommandResult:
        """Run a command line with ``sh``; when the step is aborted, everything it has started ends too."""
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            command,
            cwd=self._directory,
            env={**os.environ, **(env or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            output, errors = await process.communicate()
        except asyncio.CancelledError:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
            raise
        return CommandResult(
            process.returncode or 0, output.decode(errors="replace"), errors.decode(errors="replace")
        )

    async def put(self, content: bytes, path: str) -> None:
        """Write a file."""
        await asyncio.to_thread((self._directory / path).write_bytes, content)

    async def delete(self, path: str) -> None:
        """Remove a file or a directory with all in it, if it is there."""
        await asyncio.to_thread(_remove, self._directory / path)

    async def mkdir(self, path: str) -> None:
        """Create a directory and its parents, if it is not there."""
        await asyncio.to_thread(lambda: (self._directory / path).mkdir(parents=True, exist_ok=True))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
