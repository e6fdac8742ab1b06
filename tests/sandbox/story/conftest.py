"""A sandbox for tests that deploy the app, and the pace at which they look."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cdk_app.sandbox.running import STACK, RunningSandbox

PROJECT = Path(__file__).parents[3]
ACCOUNT_AND_REGION = "aws://123456789012/us-east-1"


def eventually(holds: Callable[[], bool], *, within: float = 40.0) -> bool:
    """Look until something holds or the time is over; tell whether it holds."""
    deadline, pause = time.monotonic() + within, threading.Event()
    while not (held := holds()) and time.monotonic() < deadline:
        pause.wait(0.2)
    return held


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A bootstrapped sandbox without the app."""
    # The CLI and jsii keep their caches in the checkout, as with `make`.
    os.environ.setdefault("CDK_HOME", str(PROJECT / ".cache" / "cdk"))
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    with RunningSandbox(PROJECT, tmp_path_factory.mktemp("run") / "sandbox") as running:
        running.cdk.bootstrap(ACCOUNT_AND_REGION)
        yield running


@pytest.fixture(scope="session")
def assembly(sandbox: RunningSandbox) -> Path:
    """The app, synthesized for the sandbox's Deploy server."""
    output = sandbox.directory / "cdk.out"
    sandbox.cdk.run("synth", "--quiet", "--output", str(output))
    return output


@pytest.fixture(scope="module")
def deployed(sandbox: RunningSandbox, assembly: Path) -> Iterator[RunningSandbox]:
    """The sandbox with the app in it, for the tests of one module."""
    app = ("--app", str(assembly))
    sandbox.cdk.run("deploy", STACK, *app, "--require-approval", "never", "--method", "direct")
    yield sandbox
    sandbox.cdk.run("destroy", STACK, *app, "--force")
