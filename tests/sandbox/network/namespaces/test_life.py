from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk_app.sandbox.network.namespaces import (
    Machine,
    NamespaceError,
    NamespaceNetwork,
    NoMeansError,
    holder,
    means,
)

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl1"


@pytest.fixture
def directory() -> Iterator[Path]:
    try:
        means()
    except NoMeansError as reason:
        pytest.skip(f"no network of namespaces: {reason}")
    with tempfile.TemporaryDirectory(prefix="namespaces-") as name:
        yield Path(name)


def network(directory: Path, bastion_set_up: str = "") -> NamespaceNetwork:
    return NamespaceNetwork(
        directory,
        public_key=PUBLIC_KEY,
        bastion_set_up=bastion_set_up,
        machines=[Machine("web1", "10.20.0.11/24")],
    )


def descendants(process: int) -> set[int]:
    children: dict[int, set[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, set()).add(int(stat.parent.name))
    found: set[int] = set()
    frontier = {process}
    while frontier:
        frontier = set().union(*(children.get(parent, set()) for parent in frontier)) - found
        found |= frontier
    return found


def alive(processes: set[int]) -> set[int]:
    """Return those that still run; one that nobody has waited for does not."""
    return {process for process in processes if _state(process) not in ("gone", "Z")}


def _state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "gone"


def test_nothing_is_left(directory: Path) -> None:
    before = descendants(os.getpid())
    with network(directory) as site:
        inside = descendants(os.getpid()) - before
        assert site.run_on("web1", "hostname").strip() == "web1"
        assert len(inside) > 5
    assert alive(inside) == set()
    assert str(directory) not in Path("/proc/self/mounts").read_text()


def test_a_process_that_is_killed_takes_its_network_along(directory: Path) -> None:
    program = f"""
import sys, time
from pathlib import Path
from tests.sandbox.network.namespaces.test_life import network
with network(Path({str(directory)!r})):
    print("up", flush=True)
    time.sleep(1000)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - the text above
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        inside = descendants(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 10
        while alive(inside):
            assert time.monotonic() < deadline, "processes outlive the one that started them"
            time.sleep(0.02)


def test_a_set_up_that_fails_is_shown(directory: Path) -> None:
    before = descendants(os.getpid())
    with (
        pytest.raises(NamespaceError, match=r"bastion did not come up:\n.*no such luck"),
        network(directory, "echo no such luck >&2; exit 3"),
    ):
        pass
    assert descendants(os.getpid()) <= before


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(holder, "_PATH", str(tmp_path))
    with pytest.raises(NoMeansError, match=r"not installed: .*sshd.*unshare"):
        means.__wrapped__()


@pytest.mark.usefixtures("directory")
def test_refusals_are_told_in_the_systems_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holder, "_PROBE", "echo not permitted >&2; exit 1")
    with pytest.raises(NoMeansError, match=r"no namespaces \(.*: not permitted"):
        means.__wrapped__()
