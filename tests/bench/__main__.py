"""``python -m tests.bench``: measure, write ``build/bench.json``, print tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.latency import hint_to_task
from tests.bench.matrix import matrix, nothing
from tests.bench.startup import bundle_size, imports

TARGET = Path("build/bench.json")


def main() -> None:
    """Run everything."""
    found: dict[str, Any] = {
        "matrix": matrix(),
        "nothing": nothing(),
        "hint_to_task": hint_to_task(),
        "import": imports(),
        "bundle": bundle_size(),
    }
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps(found, indent=2) + "\n")
    console = Console(width=120)
    console.print(_matrix(found["matrix"]))
    console.print(_figures(found))
    console.print(f"written to {TARGET}")


def _matrix(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="scale-out from zero: reconciler / baseline (~ continued, not measured)")
    for column in ("instances", "applications", "calls", "polls", "tasks", "AWS calls", "seconds"):
        table.add_column(column, justify="right")
    for row in rows:
        ours, theirs = row["reconciler"], row["baseline"]
        mark = "~" if theirs.get("continued") else ""
        pairs = [
            f"{ours[key]:,} / {mark}{theirs[key]:,}" for key in ("calls", "polls", "tasks", "aws", "seconds")
        ]
        table.add_row(f"{row['instances']:,}", str(row["applications"]), *pairs)
    return table


def _figures(found: dict[str, Any]) -> Table:
    table = Table(title="figures and targets")
    for column in ("what", "measured", "target"):
        table.add_column(column)
    burst = next(r for r in found["matrix"] if (r["instances"], r["applications"]) == (100, 3))["reconciler"]
    nothing_done, overtaken = found["nothing"]["unchanged"], found["nothing"]["superseded"]
    latency, megabytes = found["hint_to_task"], found["bundle"]["zip_bytes"] / 1e6
    ratio = max(found["import"][name]["ratio"] for name in ("reconcile", "seed"))
    for what, measured, target in (
        ("100 x 3: Deploy tasks", burst["tasks"], "≤ 3"),
        ("100 x 3: calls besides polling", burst["calls"], "≤ 40"),
        (
            "nothing to do: calls to Deploy, to AWS",
            f"{nothing_done['deploy']}, {nothing_done['aws']}",
            "≤ 4, ≤ 2",
        ),
        ("superseded hint: calls to Deploy", overtaken["deploy"], "0"),
        ("hint to task, p50 and p99", f"{latency['p50']} s, {latency['p99']} s", "≤ 0.5 s, ≤ 2 s"),
        ("import of a handler over boto3 and requests", f"{ratio} x", "≤ 1.5 x"),
        ("bundle", f"{megabytes:.2f} MB", "≤ 3 MB"),
    ):
        table.add_row(what, str(measured), target)
    return table


if __name__ == "__main__":
    main()
