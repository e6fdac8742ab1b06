"""The pinned CDK CLI, pointed at whatever cloud the environment names."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cdk_app.sandbox.errors import SandboxError

LONGEST_SECONDS = 900.0
"""Within what a command has to end: everything is on this machine."""


class CdkError(SandboxError):
    """A CDK CLI command ended with an error; the message holds the end of its output."""


@dataclass(frozen=True, slots=True)
class CdkCli:
    """Run CDK CLI commands for the app in a checkout.

    Parameters
    ----------
    project
        Directory with ``app.py``, ``cdk.json`` and ``node_modules``.
    environment
        Variables added to this process's own: endpoint, credentials, region.
    context
        Context values of the app; each is handed over as ``-c key=<JSON>``.
    """

    project: Path
    environment: Mapping[str, str]
    context: Mapping[str, object] = field(default_factory=dict)

    @property
    def executable(self) -> Path:
        """The CLI that ``package-lock.json`` pins."""
        return self.project / "node_modules" / ".bin" / "cdk"

    def check(self) -> None:
        """Make sure that commands can be run.

        Raises
        ------
        CdkError
            When the project is none, or the CLI or Node.js is not installed.
        """
        if not (self.project / "cdk.json").exists():
            msg = f"{self.project}: got no cdk.json, expected a checkout of this project; run it from there"
            raise CdkError(msg)
        if not self.executable.exists():
            where = self.executable.relative_to(self.project)
            msg = f"the CDK CLI is not installed: expected {where}; run `make install`"
            raise CdkError(msg)
        if shutil.which("node") is None:
            msg = "Node.js: got no `node` on the PATH, expected version 20 or later; install it"
            raise CdkError(msg)

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Return the full command line; what a person gives with ``-c`` comes last, so it wins."""
        context = [
            part
            for key, value in self.context.items()
            for part in ("-c", f"{key}={value if isinstance(value, str) else json.dumps(value)}")
        ]
        return [str(self.executable), *context, *arguments]

    def variables(self) -> dict[str, str]:
        """Return the environment of the CLI; ``python3`` in ``cdk.json`` is this interpreter."""
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
        return {**os.environ, **self.environment, "PATH": path, "CI": "true", "NO_COLOR": "1"}

    def run(self, *arguments: str) -> str:
        """Run one command and return what it printed.

        Raises
        ------
        CdkError
            When the command fails, with the last lines of its output.
        """
        return self._run(self.command(arguments), arguments, self.project)

    def bootstrap(self, environment: str) -> str:
        """Bootstrap an environment such as ``aws://123456789012/us-east-1``; see `run`.

        The command runs outside of the project, where the CLI finds no app to synthesize first.
        """
        arguments = ("bootstrap", environment)
        with tempfile.TemporaryDirectory() as elsewhere:
            return self._run([str(self.executable), *arguments], arguments, Path(elsewhere))

    def _run(self, command: Sequence[str], arguments: Sequence[str], directory: Path) -> str:
        self.check()
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            try:
                # The command line is ours: the pinned CLI, our arguments and context. With a limit, Python
                # looks again and again whether it has ended, and hears a signal that came just before.
                done = subprocess.run(  # noqa: S603
                    command,
                    cwd=directory,
                    env=self.variables(),
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    check=False,
                    timeout=LONGEST_SECONDS,
                )
                ending = f"ended with exit code {done.returncode}"
            except subprocess.TimeoutExpired:
                done, ending = None, f"did not end within {LONGEST_SECONDS:g} s"
            output.seek(0)
            said = output.read()
        if done is None or done.returncode != 0:
            tail = "\n".join(said.strip().splitlines()[-25:])
            msg = f"`cdk {shlex.join(arguments)}` {ending}:\n{tail}"
            raise CdkError(msg)
        return said

    def attached(self, arguments: Sequence[str]) -> int:
        """Run one command on this terminal and return its exit code."""
        command = self.command(arguments)
        # The pinned CLI, with what the person at the terminal typed.
        return subprocess.run(command, cwd=self.project, env=self.variables(), check=False).returncode  # noqa: S603
