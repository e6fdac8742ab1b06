"""How heavy the functions are: import time of the handlers, size of the bundle."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from unittest.mock import patch

from cdk_app.bundling import bundle

ROOT = Path(__file__).parents[2]
ROUNDS = 11

_BASE = "boto3, requests"
_HANDLERS = {"reconcile": "runtime.handlers.reconcile", "seed": "runtime.handlers.seed"}
_TIMED = "import time; begin = time.perf_counter(); import {}; print(time.perf_counter() - begin)"


def imports(rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Return import times as in the JSON.

    Each handler is imported next to the base, round after round, and compared within the round, so that
    whatever else the machine does weighs on both alike.
    """
    bases: list[float] = []
    handlers: dict[str, list[float]] = {name: [] for name in _HANDLERS}
    ratios: dict[str, list[float]] = {name: [] for name in _HANDLERS}
    for number in range(rounds + 1):
        for name, module in _HANDLERS.items():
            base, seconds = _seconds(_BASE), _seconds(module)
            if number:  # the first round fills the caches of bytecode and disk
                bases.append(base)
                handlers[name].append(seconds)
                ratios[name].append(seconds / base)
    return {
        "base": {"seconds": round(statistics.median(bases), 3)},
        **{
            name: {
                "seconds": round(statistics.median(handlers[name]), 3),
                "ratio": round(statistics.median(ratios[name]), 2),
            }
            for name in _HANDLERS
        },
    }


def _seconds(modules: str) -> float:
    """Return the seconds that an import takes in a fresh interpreter, without the interpreter's own start."""
    command = [sys.executable, "-c", _TIMED.format(modules)]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)  # noqa: S603 - our own statements
    return float(done.stdout)


def bundle_size() -> dict[str, int]:
    """Return the bundle's size as in the JSON."""
    offline = {"PIP_FIND_LINKS": str(ROOT / ".wheels"), "PIP_NO_INDEX": "1"}
    with tempfile.TemporaryDirectory() as directory, patch.dict(os.environ, offline):
        output = Path(directory, "bundle")
        output.mkdir()
        bundle(ROOT / "runtime", output)
        archive = Path(directory, "bundle.zip")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(output.rglob("*")):
                packed.write(path, path.relative_to(output))
        return {"zip_bytes": archive.stat().st_size}
