"""What a synthesis costs: `cdk synth` and the app by itself, of ``app.py`` next to an app of one queue."""

from __future__ import annotations

import json
import os
import resource
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

    Both apps are synthesized with the context of ``cdk.json``, in turn, and are compared within the round.
    The output directories stay, as ``cdk.out`` does, so the functions are bundled once.
    """
    with tempfile.TemporaryDirectory() as directory:
        smallest = Path(directory, "smallest.py")
        smallest.write_text(_SMALLEST, encoding="utf-8")
        apps = {"smallest": smallest, "app": ROOT / "app.py"}
        waited: dict[str, list[float]] = {name: [] for name in apps}
        worked: dict[str, list[float]] = {name: [] for name in apps}
        for number in range(rounds + 1):
            for name, app in apps.items():
                output = Path(directory, name)
                seconds, processor = _by_cli(app, output), _by_itself(app, output)
                if number:  # the first round fills the caches and bundles the functions
                    waited[name].append(seconds)
                    worked[name].append(processor)
    return {
        "smallest": {"seconds": _median(waited["smallest"]), "processor": _median(worked["smallest"])},
        "app": {
            "seconds": _median(waited["app"]),
            "ratio": _ratio(waited),
            "processor": _median(worked["app"]),
            "processor_ratio": _ratio(worked),
        },
    }


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 2)


def _ratio(found: dict[str, list[float]]) -> float:
    return _median([app / smallest for app, smallest in zip(found["app"], found["smallest"], strict=True)])


def _by_cli(app: Path, output: Path) -> float:
    """Return how long one waits for the CDK CLI."""
    command = [
        str(ROOT / "node_modules" / ".bin" / "cdk"),
        *("synth", "--quiet", "--output", str(output)),
        *("--app", shlex.join([sys.executable, str(app)])),
    ]
    begin = time.perf_counter()
    _run(command, {"CDK_DISABLE_CLI_TELEMETRY": "true"})
    return time.perf_counter() - begin


def _by_itself(app: Path, output: Path) -> float:
    """Return the processor time of an app and of CDK's kernel, which is a child of it."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    before = _children()
    _run([sys.executable, str(app)], {"CDK_OUTDIR": str(output), "CDK_CONTEXT_JSON": json.dumps(context)})
    return _children() - before


def _run(command: list[str], variables: dict[str, str]) -> None:
    environment = {**os.environ, "PIP_FIND_LINKS": str(ROOT / ".wheels"), "PIP_NO_INDEX": "1", **variables}
    # Bytecode is in the machine's cache, as it is where somebody works.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)  # noqa: S603 - our own apps


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
