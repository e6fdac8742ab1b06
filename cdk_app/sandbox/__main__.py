"""Command line of the local run: ``python -m cdk_app.sandbox``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from cdk_app.sandbox.running import Delivery

DIRECTORY = Path("build") / "sandbox"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m cdk_app.sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser(
        "demo", help="tell the whole story, with checks; exit code 0 only if every check held"
    )
    up = commands.add_parser("up", help="start everything and keep it up until Ctrl-C")
    for command in (demo, up):
        command.add_argument("--delivery", choices=("handler", "endpoint"), default="handler")
    commands.add_parser("deploy-server", help="start the stand-in of Digital.ai Deploy alone", add_help=False)
    commands.add_parser("cdk", help="run the pinned CDK CLI against the sandbox that is up", add_help=False)
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command in {"demo", "up"}:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")

    # Each command imports only what it needs, so that the small ones start at once.
    project = Path.cwd()
    if options.command == "deploy-server":
        from cdk_app.sandbox.deploy_server.__main__ import main as deploy_server

        return deploy_server(rest)
    if options.command == "cdk":
        from cdk_app.sandbox.running import cdk_of_running_sandbox

        try:
            return cdk_of_running_sandbox(project, project / DIRECTORY).attached(rest)
        except FileNotFoundError as error:
            parser.error(str(error))
    console = Console()
    if options.command == "demo":
        from cdk_app.sandbox.demo import run_demo

        return run_demo(project, project / DIRECTORY, console, options.delivery)
    return _stay_up(project, console, options.delivery)


def _stay_up(project: Path, console: Console, delivery: Delivery) -> int:
    from cdk_app.sandbox.running import RunningSandbox
    from cdk_app.sandbox.welcome import welcome

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with RunningSandbox(project, project / DIRECTORY, delivery=delivery) as sandbox:
        console.print(welcome(sandbox), soft_wrap=True, markup=False, highlight=False)
        stop.wait()
    console.print("Everything is stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
