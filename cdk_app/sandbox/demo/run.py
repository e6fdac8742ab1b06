"""Run the story and report it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_app.sandbox.demo.footprint import Footprint
from cdk_app.sandbox.demo.screen import Screen
from cdk_app.sandbox.demo.step import tell
from cdk_app.sandbox.demo.story import Story
from cdk_app.sandbox.running import Delivery, RunningSandbox

if TYPE_CHECKING:
    from rich.console import Console


def run_demo(project: Path, directory: Path, console: Console, delivery: Delivery = "handler") -> int:
    """Tell the story in a fresh sandbox.

    Parameters
    ----------
    project
        Directory with ``app.py``, ``cdk.json`` and ``node_modules``.
    directory
        Where the run keeps its files.
    console
        Where to report.
    delivery
        How events get handled.

    Returns
    -------
    int
        0 only if every check held.
    """
    started = time.monotonic()
    console.print("Starting a local cloud, a stand-in of Deploy and SSH machines: about a minute.")
    with Footprint() as footprint, RunningSandbox(project, directory, delivery=delivery) as sandbox:
        story = Story(sandbox)
        results = []
        with Screen(console, tuple(title for title, _ in story.steps)) as screen:
            for title, step in story.steps:
                results.append(tell(title, step, screen.announce))
                screen.finished(results[-1])
                if results[-1].failure:
                    break
    screen.summary()
    for told, reason in story.left_out.items():
        console.print(f"Not told with endpoint delivery, as {reason}: {told}.")
    held = len(results) == len(story.steps) and not any(result.failure for result in results)
    checks = sum(len(result.checks) for result in results)
    verdict = "Every check held" if held else "A check FAILED"
    console.print(
        f"{verdict}: {len(results)} of {len(story.steps)} steps, {checks} checks, "
        f"{time.monotonic() - started:.0f} s, peak memory of all processes {footprint.peak / 2**20:.0f} MiB.",
        soft_wrap=True,
    )
    if not held:
        console.print(f"Logs and files of the run: {directory}", soft_wrap=True)
    return 0 if held else 1
