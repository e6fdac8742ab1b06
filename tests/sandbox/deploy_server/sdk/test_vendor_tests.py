"""The tests that the vendor ships inside the SDK pass against the stand-in, as they are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import xldeploy

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNNER = Path(__file__).with_name("run_vendor_tests.py")
NO_SUCH_FILE = "they open test_deployfile.txt, which the package on PyPI does not contain"
CANNOT_PASS = {
    "DeployfileTest.generate_deployfile_test": NO_SUCH_FILE,
    "DeployfileTest.apply_deployfile_test": NO_SUCH_FILE,
}
EXPECTED_TESTS = 27


@contextmanager
def server(path: str) -> Iterator[str]:
    """Start the stand-in by its command line, with a search path, and give its port."""
    command = [sys.executable, "-m", "cdk_app.sandbox.deploy_server", "--port", "0"]
    environment = {**os.environ, "PATH": path}
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            match = re.search(r":(\d+)/", process.stdout.readline())
            assert match is not None, "The server does not say where it answers"
            yield match.group(1)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    # The vendor's commands are "sleep 5", so that a task can be seen while it runs: a tenth of it is enough.
    directory = tmp_path_factory.mktemp("bin")
    sleep = directory / "sleep"
    sleep.write_text("#!/bin/sh\nexec /bin/sleep 0.4\n")
    sleep.chmod(0o755)
    with server(f"{directory}:{os.environ['PATH']}") as port:
        finished = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, RUNNER, port], capture_output=True, text=True, timeout=120, check=True
        )
    found = json.loads(finished.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_every_vendor_test_runs(outcomes: dict[str, str]) -> None:
    assert len(outcomes) == EXPECTED_TESTS


def test_vendor_tests_pass_unless_they_cannot_on_any_server(outcomes: dict[str, str]) -> None:
    failed = {name: outcome for name, outcome in outcomes.items() if outcome != "passed"}
    assert set(failed) == set(CANNOT_PASS), failed


def test_reason_for_the_failures_still_holds() -> None:
    assert not (Path(xldeploy.__file__).parent / "tests" / "test_deployfile.txt").exists()
