from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_failure_mode_names_tests_that_exist() -> None:
    table = (ROOT / "docs/failure-modes.md").read_text()
    rows = [
        line
        for line in table.splitlines()
        if line.startswith("|") and not line.startswith(("|---", "| What"))
    ]
    written = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^\s*def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert len(rows) > 30
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        assert set(named) <= written, row
