"""What a synthesis costs: ``app.py`` next to an app of one queue."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ROUNDS = 7

_SMALLEST = """
import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

app = cdk.App()
sqs.Queue(cdk.Stack(app, "Smallest"), "Queue")
app.synth()
"""
"""As ``cdk init`` makes it. One resource has to be in it: CDK's own validation refuses a stack of none."""

_APPS = {"smallest": ["-c", _SMALLEST], "app": ["app.py"]}


def synthesis(rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Return seconds of processor time as in the JSON.

    Both apps are synthesized as the CDK CLI does it, in turn, with the context of ``cdk.json``, and are
    compared within the round. The output directories stay, as ``cdk.out`` does, so the functions are bundled
    once.
    """
    seconds: dict[str, list[float]] = {name: [] for name in _APPS}
    with tempfile.TemporaryDirectory() as directory:
        for number in range(rounds + 1):
            for name, arguments in _APPS.items():
                taken = _seconds(arguments, Path(directory, name))
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


def _seconds(arguments: list[str], output: Path) -> float:
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(output),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "PIP_FIND_LINKS": str(ROOT / ".wheels"),
        "PIP_NO_INDEX": "1",
    }
    # Bytecode is in the machine's cache, as it is where somebody works.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = _children()
    subprocess.run([sys.executable, *arguments], check=True, cwd=ROOT, env=environment, capture_output=True)  # noqa: S603 - our own apps
    return _children() - before


def _children() -> float:
    """Return the processor time of all children so far, and of theirs: CDK's kernel is a child of the app."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
