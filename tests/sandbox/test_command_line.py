"""What `python -m cdk_app.sandbox` says when it cannot go on, and how it ends when it is interrupted."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cdk_app.sandbox.__main__ import DIRECTORY, main
from cdk_app.sandbox.run_directory import RunDirectory

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with what the commands ask for, and a Node.js that is never run."""
    cli = tmp_path / "node_modules" / ".bin" / "cdk"
    cli.parent.mkdir(parents=True)
    for executable in (cli, tmp_path / "node"):
        executable.write_text("#!/bin/sh\n")
        executable.chmod(0o755)
    (tmp_path / "cdk.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


@pytest.mark.parametrize("command", ["demo", "up", "cdk"])
def test_elsewhere_than_in_a_checkout_it_says_what_to_do(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([command])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        f"python -m cdk_app.sandbox: {tmp_path}: got no cdk.json, "
        "expected a checkout of this project; run it from there\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["demo", "up"])
def test_a_second_run_is_refused_in_one_line(
    command: str, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with RunDirectory(checkout / DIRECTORY), pytest.raises(SystemExit) as ended:
        main([command])
    assert ended.value.code == 2
    assert "in use by another run" in capsys.readouterr().err


def test_the_cdk_command_needs_a_sandbox_that_is_up(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checkout == Path.cwd()
    with pytest.raises(SystemExit) as ended:
        main(["cdk", "list"])
    assert ended.value.code == 2
    assert "start one with `python -m cdk_app.sandbox up` in another terminal" in capsys.readouterr().err


def test_a_demo_that_is_ended_says_so_and_lets_the_directory_go(checkout: Path) -> None:
    # The CLI tells that it synthesizes, and goes on until it is ended.
    began = checkout / "began"
    os.mkfifo(began)
    cli = checkout / "node_modules" / ".bin" / "cdk"
    cli.write_text(f'#!/bin/sh\ncase " $* " in *" synth "*) echo >"{began}"; exec sleep 60;; esac\n')
    # Open for both: neither this nor the CLI waits for the other.
    signalled = os.open(began, os.O_RDWR)
    with subprocess.Popen(
        [sys.executable, "-m", "cdk_app.sandbox", "demo"],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        synthesizes, _, _ = select.select([signalled], [], [], 60)
        # As Ctrl-C, which Python itself turns into the same exception.
        demo.send_signal(signal.SIGTERM)
        said, _ = demo.communicate(timeout=60)
    os.close(signalled)
    assert synthesizes, said
    assert demo.returncode == 130, said
    assert said.endswith("\nInterrupted.\n")
    with RunDirectory(checkout / DIRECTORY):
        pass
