"""How heavy the functions are: import time of the handlers, size of the bundle."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from cdk_app.bundling import bundle

ROOT = Path(__file__).parents[2]
ROUNDS = 7


def imports() -> dict[str, dict[str, float]]:
    """Return import times as in the JSON."""
    seconds = {
        name: _median(statement)
        for name, statement in {
            "nothing": "pass",
            "base": "import boto3, requests",
            "reconcile": "import runtime.handlers.reconcile",
            "seed": "import runtime.handlers.seed",
        }.items()
    }
    floor = seconds.pop("nothing")
    base = seconds["base"] - floor
    return {
        name: {"seconds": round(value - floor, 3), "ratio": round((value - floor) / base, 2)}
        for name, value in seconds.items()
    }


def _median(statement: str) -> float:
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True, cwd=ROOT)  # noqa: S603 - our own statements
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def bundle_size() -> dict[str, int]:
    """Return the bundle's size as in the JSON."""
    os.environ |= {"PIP_FIND_LINKS": str(ROOT / ".wheels"), "PIP_NO_INDEX": "1"}
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory, "bundle")
        output.mkdir()
        bundle(ROOT / "runtime", output)
        archive = Path(directory, "bundle.zip")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(output.rglob("*")):
                packed.write(path, path.relative_to(output))
        return {"zip_bytes": archive.stat().st_size}
