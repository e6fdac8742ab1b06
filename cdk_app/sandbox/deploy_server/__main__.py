"""Command line: ``python -m cdk_app.sandbox.deploy_server --port 4516``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server import DeployServer, ServerSettings
from cdk_app.sandbox.deploy_server.extension import EndpointError
from cdk_app.sandbox.deploy_server.types.synthetic import SyntheticError

if TYPE_CHECKING:
    from collections.abc import Sequence

PASSWORD_VARIABLE = "DEPLOY_ADMIN_PASSWORD"  # noqa: S105 - the variable's name

_HIGHEST_PORT = 65535


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a server until it is interrupted, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="deploy-server",
        description="A stand-in for Digital.ai Deploy.",
        epilog=f"The password of admin is admin, or what the variable {PASSWORD_VARIABLE} holds.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=_port, default=4516, help="port to listen on, 0 for a free one")
    parser.add_argument(
        "--plugin",
        dest="plugins",
        type=Path,
        action="append",
        default=[],
        help="synthetic.xml, directory or plugin archive with types and endpoints; may be repeated",
    )
    parser.add_argument("--data", type=Path, help="directory where everything is kept over a restart")
    options = parser.parse_args(arguments)
    settings = ServerSettings(
        host=options.host,
        port=options.port,
        admin_password=os.environ.get(PASSWORD_VARIABLE, "admin"),
        plugins=tuple(options.plugins),
        data_directory=options.data,
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        server = DeployServer(settings)
    except (OSError, SyntheticError, EndpointError) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    with server:
        print(f"Deploy stand-in answers at {server.url}", flush=True)  # noqa: T201 - this is the interface
        stop.wait()
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a number from 0 to {_HIGHEST_PORT}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
