"""The local cloud as a subprocess that a test or the story starts and ends."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cdk_app.sandbox.cloud.clients import Clients
from cdk_app.sandbox.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

ACCOUNT = "123456789012"
REGION = "us-east-1"
LOG_FILE = "cloud.log"
STATE = "state"

START_SECONDS = 20.0
END_SECONDS = 10.0


class CloudStartError(SandboxError):
    """The server process ended or stayed silent; the text holds the end of its log."""


class Cloud(Clients):
    """A local cloud, from entering the context to leaving it.

    Parameters
    ----------
    directory
        Where the log file and the state of the run are kept. The state is deleted at the end, the log stays.
    port
        Port on 127.0.0.1; 0 takes a free one.

    Attributes
    ----------
    endpoint
        URL of every service.
    environment
        Variables that point any AWS SDK, the CDK CLI included, at this cloud.
    log_file
        Output of the server and of the functions it runs.
    """

    def __init__(self, directory: Path, *, port: int = 0) -> None:
        self.directory = directory.resolve()  # the server runs elsewhere
        self.port = port or _free_port()
        self.log_file = self.directory / LOG_FILE
        self.endpoint = f"http://localhost:{self.port}"
        super().__init__(self.endpoint, REGION)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """Standard SDK variables for clients of this cloud; the credentials are made up."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DEFAULT_ACCOUNT": ACCOUNT,
            "CDK_DEFAULT_REGION": REGION,
        }

    def __enter__(self) -> Self:
        """Start the server and wait until it answers.

        Raises
        ------
        CloudStartError
            When it does not.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        state = self.directory / STATE
        shutil.rmtree(state, ignore_errors=True)
        for part in ("home", "tmp"):
            (state / part).mkdir(parents=True)
        command = [sys.executable, "-m", "cdk_app.sandbox.cloud", "--port", str(self.port)]
        command += ["--directory", str(self.directory), "--parent", str(os.getpid())]
        with self.log_file.open("wb") as log:
            # The command line is ours; the session of its own lets its workers be ended with it.
            self._process = subprocess.Popen(  # noqa: S603 - see above
                command,
                cwd=Path(__file__).parents[3],
                env=_server_environment(state),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_healthy(self._process)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the server with its workers and delete the state of the run."""
        self.close()

    def close(self) -> None:
        """End the server with its workers and delete the state of the run; twice is as good as once."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
            # Whatever is left of the session that was started above: a worker that ignored its end.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.directory / STATE, ignore_errors=True)

    def run_schedule(self, name: str, group: str = "default") -> None:
        """Invoke the target of an EventBridge Scheduler schedule now, as at its next time.

        Raises
        ------
        LookupError
            When there is no such schedule.
        """
        self._ask("run-schedule", {"name": name, "group": group})

    def lose_auto_scaling_events(self, count: int) -> None:
        """Let the next events of Auto Scaling get lost, as its best-effort delivery allows."""
        self._ask("lose-auto-scaling-events", {"count": count})

    def kill_function(self, name: str) -> None:
        """Kill a function in the middle of what it does; its caller sees an error, its messages come back.

        Raises
        ------
        LookupError
            When it is not working on anything.
        """
        self._ask("kill-function", {"name": name})

    def interrupt_spot_instance(self, instance_id: str, notice: float = 120.0) -> None:
        """Take a Spot Instance back as EC2 does: warn now, end the machine after the seconds of the notice.

        Raises
        ------
        LookupError
            When it is not a running Spot Instance.
        """
        self._ask("interrupt-spot-instance", {"instance": instance_id, "notice": notice})

    def recommend_rebalance(self, instance_id: str) -> None:
        """Say that a Spot Instance is at risk, as EC2 does; nothing else happens to it.

        Raises
        ------
        LookupError
            When it is not a running Spot Instance.
        """
        self._ask("recommend-rebalance", {"instance": instance_id})

    def publish(
        self, source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str] = ()
    ) -> None:
        """Put an event on the default bus as an AWS service does, such as a warning that is a lie.

        The API refuses sources that begin with ``aws.``.
        """
        event = {"source": source, "detail_type": detail_type, "detail": detail, "resources": resources}
        self._ask("publish", event)

    def _ask(self, action: str, arguments: Mapping[str, Any]) -> None:
        # The scheme is http and the host this machine.
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_sandbox/{action}", json.dumps(arguments).encode(), method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - see above
                pass
        except urllib.error.HTTPError as error:
            raise LookupError(json.loads(error.read())["message"]) from error

    def _wait_until_healthy(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_ministack/health", timeout=1),
            ):
                return
            time.sleep(0.02)
        end = self.log_file.read_text(errors="replace").strip()[-2000:]
        raise CloudStartError(f"the local cloud did not start on port {self.port}:\n{end}")


def _server_environment(state: Path) -> dict[str, str]:
    """Build the server's variables from nothing, so that no credential or proxy of this machine leaks in."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "SYSTEMROOT") if name in os.environ}
    return kept | {"HOME": str(state / "home"), "TMPDIR": str(state / "tmp"), "PYTHONUNBUFFERED": "1"}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
