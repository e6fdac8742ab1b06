from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cdk_app.sandbox.deploy_server.extension import NoJythonError, find_jython
from tests.conftest import FIGURE

PROJECT = Path(__file__).parents[3]
LONGEST_SECONDS = 60
LARGEST_MEBIBYTES = 2048


@pytest.mark.integration
@pytest.mark.parametrize("delivery", ["handler", "endpoint"])
def test_the_story_holds_from_first_to_last_step(
    delivery: str, record_property: Callable[[str, object], None]
) -> None:
    if delivery == "endpoint":
        try:
            find_jython()
        except NoJythonError as reason:
            pytest.skip(str(reason))
    started = time.monotonic()
    told = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "cdk_app.sandbox", "demo", "--delivery", delivery],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    verdict = " ".join(told.stdout.split()).rpartition("Every check held")[2]
    record_property(FIGURE, f"story by {delivery}: {verdict.strip(': ') or 'failed'}")
    assert told.returncode == 0, told.stdout + told.stderr
    assert seconds <= LONGEST_SECONDS
    memory = re.search(r"(\d+) MiB", verdict)
    assert memory is not None
    assert int(memory[1]) <= LARGEST_MEBIBYTES
