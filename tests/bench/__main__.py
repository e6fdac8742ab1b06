"""``python -m tests.bench``: measure, write ``build/bench.json``, print tables; 1 if a target is missed."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from tests.bench.hints import hint_to_task, nothing
from tests.bench.matrix import matrix
from tests.bench.startup import bundle_size, imports
from tests.bench.synthesis import synthesis
from tests.bench.targets import targets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.targets import Target

_OUTPUT = Path("build/bench.json")
_COLUMNS = ("calls", "polls", "tasks", "aws", "seconds")


def main() -> int:
    """Measure everything and return the exit code."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    # What is timed most closely comes first, while nothing else has been started.
    measures: dict[str, Callable[[], Any]] = {
        "import": imports,
        "synthesis": synthesis,
        "bundle": bundle_size,
        "hint_to_task": hint_to_task,
        "nothing": lambda: nothing(instances=10, applications=3),
        "matrix": matrix,
    }
    found: dict[str, Any] = {}
    for name, measure in measures.items():
        console.print(f"measuring {name} …")
        found[name] = measure()
    judged = targets(found)
    found["targets"] = [asdict(target) for target in judged]
    _OUTPUT.parent.mkdir(exist_ok=True)
    _OUTPUT.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    console.print(_matrix(found["matrix"]))
    console.print(_targets(judged))
    console.print(f"written to {_OUTPUT}")
    return 0 if all(target.held for target in judged) else 1


def _matrix(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(title="scale-out from zero: reconciler / baseline (~ continued, not measured)")
    for column in ("instances", "applications", "calls", "polls", "Deploy tasks", "AWS calls", "seconds"):
        table.add_column(column, justify="right")
    for row in rows:
        ours, theirs = row["reconciler"], row["baseline"]
        mark = "~" if theirs["continued"] else ""
        pairs = [f"{ours[key]:,} / {mark}{theirs[key]:,}" for key in _COLUMNS]
        table.add_row(f"{row['instances']:,}", str(row["applications"]), *pairs)
    return table


def _targets(judged: Sequence[Target]) -> Table:
    table = Table(title="targets")
    for column in ("what", "target", "measured", "held"):
        table.add_column(column)
    for target in judged:
        held = "yes" if target.held else "[bold red]no[/]"
        table.add_row(target.subject, target.limit, target.measured, held)
    return table


if __name__ == "__main__":
    sys.exit(main())
