"""`app.py` as the CDK CLI runs it, with CDK's own validator and cdk-nag."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cdk_app.cases import CDK_JSON, NO_BUNDLING, ROOT


def run_app(directory: Path, **context: object) -> subprocess.CompletedProcess[str]:
    given = {**CDK_JSON, **NO_BUNDLING, **context}
    environment = {
        **os.environ,
        "CDK_CONTEXT_JSON": json.dumps({key: value for key, value in given.items() if value is not None}),
        "CDK_OUTDIR": str(directory),
        "CDK_VALIDATION": "true",
    }
    return subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_context_of_cdk_json_makes_a_stack_that_all_checks_accept(tmp_path: Path) -> None:
    run = run_app(tmp_path)
    assert run.returncode == 0, run.stderr
    report = json.loads((tmp_path / "validation-report.json").read_text())
    assert [each for each in report["pluginReports"] if each.get("violations")] == []
    outputs = json.loads((tmp_path / "DeployedAutoScalingGroup.template.json").read_text())["Outputs"]
    assert outputs.keys() >= {
        "ApiUrl",
        "ApiId",
        "GroupName",
        "GroupKey",
        "BastionAddress",
        "QueueUrl",
        "DeadLetterQueueUrl",
        "EventsDeadLetterQueueUrl",
    }


def test_a_missing_setting_is_one_readable_line(tmp_path: Path) -> None:
    run = run_app(tmp_path, deployUrl=None)
    assert run.returncode != 0
    last = run.stderr.strip().splitlines()[-1]
    assert last == (
        "ValueError: context key 'deployUrl': got nothing, expected a text; "
        "set it in cdk.json or pass -c deployUrl=…"
    )
