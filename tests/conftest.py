"""Examples that are the same in every run, and figures that tests measured, printed at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

# A change must not fail by an example that has nothing to do with it; `make histories` looks for new ones.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

FIGURE = "figure"
"""Name of the recorded property whose value is a line to print; it also comes from other processes."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    figures = [
        value
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        for name, value in report.user_properties
        if name == FIGURE
    ]
    if figures:
        terminalreporter.section("figures")
    for figure in figures:
        terminalreporter.write_line(str(figure))
