"""How long one waits for `cdk synth`: of ``app.py``, next to an app of one queue."""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 9

_SMALLEST = """
import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

app = cdk.App()
sqs.Queue(cdk.Stack(app, "Smallest"), "Queue")
app.synth()
"""
"""As ``cdk init`` makes it. One resource has to be in it: CDK's own validation refuses a stack of none."""


def synthesis(rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Return seconds as in the JSON.

    Both apps are synthesized by the CDK CLI, in turn, with the context of ``cdk.json``, and are compared
    within the round. The output directories stay, as ``cdk.out`` does, so the functions are bundled once.
    """
    with tempfile.TemporaryDirectory() as directory:
        smallest = Path(directory, "smallest.py")
        smallest.write_text(_SMALLEST, encoding="utf-8")
        apps = {"smallest": smallest, "app": ROOT / "app.py"}
        seconds: dict[str, list[float]] = {name: [] for name in apps}
        for number in range(rounds + 1):
            for name, app in apps.items():
                taken = _seconds(app, Path(directory, name))
                if number:  # the first round fills the caches and bundles the functions
                    seconds[name].append(taken)
    ratios = [app / smallest for app, smallest in zip(seconds["app"], seconds["smallest"], strict=True)]
    return {
        "smallest": {"seconds": round(statistics.median(seconds["smallest"]), 2)},
        "app": {
            "seconds": round(statistics.median(seconds["app"]), 2),
            "ratio": round(statistics.median(ratios), 2),
        },
    }


def _seconds(app: Path, output: Path) -> float:
    environment = {
        **os.environ,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "PIP_FIND_LINKS": str(ROOT / ".wheels"),
        "PIP_NO_INDEX": "1",
    }
    # Bytecode is in the machine's cache, as it is where somebody works.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [
        str(ROOT / "node_modules" / ".bin" / "cdk"),
        *("synth", "--quiet", "--output", str(output)),
        *("--app", shlex.join([sys.executable, str(app)])),
    ]
    begin = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)  # noqa: S603 - our own apps
    return time.perf_counter() - begin
