"""The app in a local cloud, with a stand-in of Digital.ai Deploy: ``python -m cdk_app.sandbox``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from cdk_app.sandbox.errors import SandboxError

if TYPE_CHECKING:
    from cdk_app.sandbox.running import Delivery

DIRECTORY = Path("build") / "sandbox"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m cdk_app.sandbox", description=__doc__.partition(":")[0] + "."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser(
        "demo", help="tell the whole story, with checks; exit code 0 only if every check held"
    )
    up = commands.add_parser("up", help="start everything and keep it up until Ctrl-C")
    for command in (demo, up):
        command.add_argument(
            "--delivery",
            choices=("handler", "endpoint"),
            default="handler",
            help="who handles events: the function (default), or the plugin's endpoint in Deploy",
        )
    commands.add_parser("deploy-server", help="start the stand-in of Digital.ai Deploy alone", add_help=False)
    commands.add_parser("cdk", help="run the pinned CDK CLI against the sandbox that is up", add_help=False)
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command in {"demo", "up"}:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")

    # Each command imports only what it needs, so that the small ones start at once.
    if options.command == "deploy-server":
        from cdk_app.sandbox.deploy_server.__main__ import main as deploy_server

        return deploy_server(rest)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _run(options, rest)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)  # noqa: T201 - this is the interface
        return 128 + signal.SIGINT
    except SandboxError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


def _run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    from cdk_app.sandbox.cdk_cli import CdkCli

    project = Path.cwd()
    directory = project / DIRECTORY
    # Before anything is started: without the CLI nothing goes on.
    CdkCli(project, {}).check()
    if options.command == "cdk":
        from cdk_app.sandbox.running import cdk_of_running_sandbox

        return cdk_of_running_sandbox(project, directory).attached(rest)
    console = Console()
    if options.command == "demo":
        from cdk_app.sandbox.demo import run_demo

        return run_demo(project, directory, console, options.delivery)
    return _stay_up(project, directory, console, options.delivery)


def _stay_up(project: Path, directory: Path, console: Console, delivery: Delivery) -> int:
    from cdk_app.sandbox.running import RunningSandbox
    from cdk_app.sandbox.welcome import welcome

    with RunningSandbox(project, directory, delivery=delivery) as sandbox:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        console.print(welcome(sandbox), soft_wrap=True, markup=False, highlight=False)
        stop.wait()
    console.print("Everything is stopped.")
    return 0


def _interrupt(*_: object) -> None:
    """Leave what is being done as Ctrl-C does, so that everything that was started is ended."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
