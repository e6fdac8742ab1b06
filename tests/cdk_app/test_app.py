"""`app.py` as the CDK CLI runs it. That every check accepts its stack is shown where the CLI deploys it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.cdk_app.cases import CDK_JSON, ROOT

if TYPE_CHECKING:
    from pathlib import Path


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
