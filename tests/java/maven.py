"""Java libraries of other people as judges of ours: resolved by Maven, driven by single source files."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(__file__).resolve().parents[2] / ".cache"
_SECONDS = 300


def java_command(pom: Path, driver: str) -> list[str]:
    """Return the command line that runs a driver with a project's libraries; skip where that cannot be.

    Parameters
    ----------
    pom
        The project.
    driver
        Source file beside it; Java runs a single one without a build.
    """
    require("java", "mvn")
    return ["java", "-cp", class_path(pom), str(pom.with_name(driver))]


def require(*programs: str) -> None:
    """Skip where a program is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: openjdk-17-jdk-headless, maven)")


def class_path(pom: Path) -> str:
    """Let Maven resolve the libraries once for a version of the project; later no network is needed."""
    listing = CACHE / "m2" / f"{hashlib.sha256(pom.read_bytes()).hexdigest()[:16]}.classpath"
    if not _usable(listing):
        # The goal's version is written out, so that none is looked up.
        goal = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath"
        options = [f"--file={pom}", f"-Dmaven.repo.local={CACHE / 'm2'}", f"-Dmdep.outputFile={listing}"]
        maven = run(["mvn", "--batch-mode", "--quiet", *options, goal])
        if maven.returncode != 0:
            listing.unlink(missing_ok=True)
            pytest.skip(f"Maven cannot resolve {pom.parent.name}: {maven.stdout.strip()[:300]}")
    return listing.read_text()


def _usable(listing: Path) -> bool:
    """Tell whether every library of a listing is there: paths are absolute, and a checkout may be moved."""
    return listing.exists() and all(Path(jar).exists() for jar in listing.read_text().split(os.pathsep))


def run(command: list[str], standard_input: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program to its end with its output captured."""
    return subprocess.run(  # noqa: S603 - programs and arguments of the tests
        command, input=standard_input, capture_output=True, text=True, check=False, timeout=_SECONDS
    )
