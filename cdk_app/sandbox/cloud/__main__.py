"""The server process of the local cloud."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def main() -> int:
    """Start the local cloud and serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m cdk_app.sandbox.cloud", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parser.add_argument(
        "--directory", type=Path, required=True, help="where objects and function code are kept"
    )
    parser.add_argument("--parent", type=int, help="end when this process is no longer the parent")
    options = parser.parse_args()
    _configure_ministack(options.port, options.directory)

    # MiniStack reads its configuration when it is imported.
    from cdk_app.sandbox.cloud.names import MissingNameError

    try:
        from cdk_app.sandbox.cloud import server
    except MissingNameError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the message of a command line
        return 2
    server.serve(options.port, options.parent)
    return 0


def _configure_ministack(port: int, directory: Path) -> None:
    state = directory / "state"
    os.environ.update(
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        MINISTACK_ACCOUNT_ID="123456789012",
        MINISTACK_REGION="us-east-1",
        S3_DATA_DIR=str(state / "s3"),
        LOG_LEVEL="INFO",
        # Listeners on fixed ports that nobody asked for.
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        # A container engine of this machine is not ours: MiniStack would remove what it takes for its own.
        DOCKER_HOST="unix:///nonexistent/docker.sock",
        LAMBDA_EXECUTOR="local",
    )
    # Clients inside this process (functions get their own copy) must not be sent in circles.
    os.environ.pop("AWS_ENDPOINT_URL", None)


if __name__ == "__main__":
    sys.exit(main())
