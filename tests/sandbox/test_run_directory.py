"""One run at a time in a directory, which is empty at its start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cdk_app.sandbox.run_directory import RunDirectory, RunDirectoryError


def test_a_run_begins_with_an_empty_directory_and_leaves_its_files(tmp_path: Path) -> None:
    path = tmp_path / "build" / "sandbox"
    for content in ("first", "second"):
        with RunDirectory(path):
            assert list(path.iterdir()) == []
            (path / "log").write_text(content)
        assert (path / "log").read_text() == content


def test_a_second_run_is_refused_and_takes_nothing_from_the_first(tmp_path: Path) -> None:
    path = tmp_path / "sandbox"
    with RunDirectory(path):
        (path / "log").write_text("mine")
        with pytest.raises(RunDirectoryError) as refused, RunDirectory(path):
            pass
        assert str(refused.value) == (
            f"{path}: in use by another run (process {os.getpid()}); end it, or wait for its end"
        )
        assert (path / "log").read_text() == "mine"
    with RunDirectory(path):
        assert list(path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file")
    path = tmp_path / "build" / "sandbox"
    with pytest.raises(RunDirectoryError) as refused, RunDirectory(path):
        pass
    assert str(refused.value) == (
        f"{path}: got 'File exists', expected a directory to write to; run it elsewhere"
    )
