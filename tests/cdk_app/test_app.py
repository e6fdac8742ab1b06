"""`app.py` as the CDK CLI runs it. That CDK accepts its stack is shown where the CLI deploys it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.cdk_app.cases import CDK_JSON, NO_BUNDLING, ROOT

if TYPE_CHECKING:
    from pathlib import Path


_WITHOUT_ONE_REASON = """
import runpy

import cdk_app.network

cdk_app.network.acknowledge = lambda *_: None
runpy.run_path("app.py", run_name="__main__")
"""


def test_cdk_nag_refuses_when_it_is_asked(tmp_path: Path) -> None:
    outcomes = {}
    for asked in ("true", "false"):
        context = {**CDK_JSON, **NO_BUNDLING, "nag": asked}
        output = tmp_path / asked
        run = subprocess.run(  # noqa: S603 - our own app
            [sys.executable, "-c", _WITHOUT_ONE_REASON],
            cwd=ROOT,
            env={**os.environ, "CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(output)},
            capture_output=True,
            text=True,
            check=False,
        )
        report = output / "validation-report.json"
        found = report.read_text() if report.exists() else ""
        outcomes[asked] = (run.returncode, "AwsSolutions-VPC7" in found)
    assert outcomes == {"true": (1, True), "false": (0, False)}


def test_a_missing_setting_is_one_readable_line(tmp_path: Path) -> None:
    context = {key: value for key, value in CDK_JSON.items() if key != "deployUrl"}
    run = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert run.stderr.strip().splitlines()[-1] == (
        "ValueError: context key 'deployUrl': got nothing, expected a string; "
        "set it in cdk.json or pass -c deployUrl=…"
    )
