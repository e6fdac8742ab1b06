"""A server for the tests of one client: they leave things behind for each other only within one file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cdk_app.sandbox.deploy_server import DeployServer


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """Base URL of a fresh stand-in, up to and including ``/deployit``."""
    with DeployServer() as server:
        yield server.url
