"""A server on this machine's network for each test that asks for one."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from cdk_app.sandbox.deploy_server import DeployServer
from tests.sandbox.deploy_server.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def in_background() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Do things whose end no test needs to wait for, and see that they end well."""
    started: list[Future[None]] = []
    with ThreadPoolExecutor() as threads:
        yield lambda work: started.append(threads.submit(work))
    for future in started:
        future.result()


@pytest.fixture
def server(in_background: Callable[[Callable[[], None]], None]) -> Iterator[DeployServer]:
    # The end of a server takes a fifth of a second, in which it only waits.
    running = DeployServer()
    running.start()
    yield running
    in_background(running.stop)


@pytest.fixture
def api(server: DeployServer) -> Api:
    return Api(server.url)
