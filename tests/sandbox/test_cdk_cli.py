from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cdk_app.sandbox import cdk_cli
from cdk_app.sandbox.cdk_cli import CdkCli, CdkError

ROOT = Path(__file__).resolve().parents[2]


def cli_that(script: str, project: Path, **context: object) -> CdkCli:
    (project / "cdk.json").write_text("{}")
    executable = project / "node_modules" / ".bin" / "cdk"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\n{script}\n")
    executable.chmod(0o755)
    return CdkCli(project, {"AWS_REGION": "us-east-1"}, context)


def test_context_is_handed_over_as_json(tmp_path: Path) -> None:
    cli = cli_that(
        'printf "%s\\n" "$@"', tmp_path, deployUrl="http://localhost", allowPlainHttp=True, cidrs=["a/32"]
    )
    assert cli.run("synth").splitlines() == [
        *("-c", "deployUrl=http://localhost"),
        *("-c", "allowPlainHttp=true"),
        *("-c", 'cidrs=["a/32"]'),
        "synth",
    ]


def test_a_persons_context_wins(tmp_path: Path) -> None:
    """By the real CLI: of two values of a key it takes the last."""
    (tmp_path / "app").write_text('#!/bin/sh\necho "$CDK_CONTEXT_JSON" >context.json; exit 1\n')
    (tmp_path / "app").chmod(0o755)
    (tmp_path / "cdk.json").write_text("{}")
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    cli = CdkCli(tmp_path, {}, {"groupMaxCapacity": 10, "delaySeconds": 1})
    with pytest.raises(CdkError):
        cli.run("ls", "--app", "./app", "-c", "groupMaxCapacity=3")
    context = json.loads((tmp_path / "context.json").read_text())
    assert (context["groupMaxCapacity"], context["delaySeconds"]) == ("3", "1")


def test_the_environment_reaches_the_cli(tmp_path: Path) -> None:
    assert cli_that('echo "$AWS_REGION $HOME"', tmp_path).run("synth") == f"us-east-1 {os.environ['HOME']}\n"


def test_a_failing_command_shows_the_end_of_its_output(tmp_path: Path) -> None:
    with pytest.raises(CdkError, match=r"`cdk deploy Web` ended with exit code 3:\nno such stack"):
        cli_that("echo no such stack >&2; exit 3", tmp_path).run("deploy", "Web")


def test_a_command_that_hangs_is_ended_and_shows_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cdk_cli, "LONGEST_SECONDS", 0.2)
    with pytest.raises(CdkError, match=r"`cdk deploy` did not end within 0\.2 s:\nwaiting"):
        cli_that("echo waiting; exec sleep 60", tmp_path).run("deploy")


def test_a_missing_cli_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text("{}")
    with pytest.raises(CdkError, match=r"not installed: expected node_modules/\.bin/cdk; run `make install`"):
        CdkCli(tmp_path, {}).run("synth")


def test_a_directory_that_is_no_checkout_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CdkError, match=r"got no cdk\.json, expected a checkout of this project; run it from"):
        CdkCli(tmp_path, {}).check()


def test_without_node_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = cli_that("true", tmp_path)
    cli.check()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CdkError, match=r"Node\.js: got no `node` on the PATH, expected version 20 or later"):
        cli.check()
