"""Functions that lose their execution environment in the middle of a call."""

from __future__ import annotations

from cdk_app.sandbox.cloud import admin
from cdk_app.sandbox.cloud.names import names

runtime = names("core.lambda_runtime", stores=("_workers",), values=("_lock",))


def kill(name: str) -> None:
    """Kill the processes in which a function is working right now.

    Raises
    ------
    LookupError
        When it is not working.
    """
    with runtime._lock:
        busy = [
            worker._proc
            for key, workers in runtime._workers.items()
            for worker in workers
            if key.split(":")[2] == name and worker.in_use and worker._proc is not None
        ]
    if not busy:
        raise LookupError(f"Function {name} is not working on anything.")
    for process in busy:
        process.kill()


def install() -> None:
    """Offer to kill a function at work."""
    admin.ACTIONS["kill-function"] = kill
