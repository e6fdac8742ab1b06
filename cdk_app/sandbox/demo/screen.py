"""How the walkthrough looks in a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from cdk_app.sandbox.demo.step import StepResult


class Screen:
    """A live view with progress while the story runs, plain lines where there is no terminal.

    Parameters
    ----------
    console
        Where to draw.
    titles
        The titles of all steps, in order.
    """

    def __init__(self, console: Console, titles: tuple[str, ...]) -> None:
        self._console = console
        self._titles = titles
        self._results: list[StepResult] = []
        self._now = ""
        self._live = Live(console=console, auto_refresh=True, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        """Start drawing."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing."""
        if self._console.is_terminal:
            self._live.stop()

    def announce(self, text: str) -> None:
        """Show what is being looked at now."""
        self._now = text
        self._draw()

    def finished(self, result: StepResult) -> None:
        """Show a step that has ended."""
        self._results.append(result)
        self._now = ""
        if not self._console.is_terminal:
            self._console.print(
                f"{_mark(result)} {result.title}  ({result.seconds:.1f} s, checks: {len(result.checks)})",
                highlight=False,
                soft_wrap=True,
            )
        self._draw()

    def summary(self) -> None:
        """Print the table of steps, checks and seconds, and what failed."""
        table = Table(title="What happened, and what was checked", title_justify="left", show_lines=True)
        table.add_column("Step", ratio=2)
        table.add_column("Checked", ratio=5)
        table.add_column("Seconds", justify="right")
        for result in self._results:
            checks = Text("\n").join(Text(f"✓ {check}") for check in result.checks)
            if result.failure:
                checks.append(f"\n✗ {result.failure}", style="bold red")
            table.add_row(result.title, checks, f"{result.seconds:.1f}")
        self._console.print(table)

    def _draw(self) -> None:
        if not self._console.is_terminal:
            return
        rows: list[Text | Spinner] = []
        for index, title in enumerate(self._titles):
            if index < len(self._results):
                result = self._results[index]
                style = "red" if result.failure else "green"
                rows.append(Text(f"{_mark(result)} {title}  {result.seconds:.1f} s", style=style))
            elif index == len(self._results):
                rows.append(Spinner("dots", Text.assemble((title, "bold"), "  ", (self._now, "dim"))))
            else:
                rows.append(Text(f"  {title}", style="dim"))
        self._live.update(Group(*rows))


def _mark(result: StepResult) -> str:
    return "✗" if result.failure else "✓"
