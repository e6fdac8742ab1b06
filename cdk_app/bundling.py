"""The functions' code as an asset: built without Docker, the same bytes wherever it is built.

Only pure-Python wheels are taken, so one bundle runs on any architecture and in the local sandbox. pip says
this with ``--platform any``. uv is used where the interpreter has no pip (as in environments made by uv).
Both follow their standard environment variables (``PIP_FIND_LINKS``, ``UV_INDEX_URL``, …).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from cdk_app.source import NOT_SOURCE, runtime_source

__all__ = ["PYTHON_VERSION", "bundle", "code", "digest", "install_command", "verify"]

PYTHON_VERSION = "3.14"
"""Version of Python that the functions run on."""

_BUNDLER = "1"
"""Part of the asset's hash: raise it whenever the same source would be bundled to other bytes."""

_LOCK = "requirements.lock"

_PLUGIN = "plugin"
"""Runs inside Deploy, not in a function."""

_INSTALLER_TRACES = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json")
"""Files of a .dist-info that tell one installer, or one run of it, from another."""


def code(source: Path | None = None) -> lambda_.Code:
    """Return the functions' code: package ``runtime`` and its locked dependencies.

    Parameters
    ----------
    source
        Directory of the package (- the one that belongs to this library).

    Notes
    -----
    The hash is computed from the source, the lock and the bundler's version, never from the output, which
    differs from tool to tool. So it needs no bundling, and is equal in a checkout and an installed wheel.
    """
    directory = source or runtime_source()
    return lambda_.Code.from_asset(
        str(directory),
        asset_hash_type=AssetHashType.CUSTOM,
        asset_hash=digest(directory),
        bundling=BundlingOptions(
            # CDK demands an image even where the local bundler always answers; it is never pulled.
            image=DockerImage.from_registry(f"public.ecr.aws/sam/build-python{PYTHON_VERSION}"),
            local=_LocalBundling(directory),
        ),
    )


def digest(source: Path) -> str:
    """Return the SHA-256 of what the bundle is made from: names and line-ending-neutral contents."""
    total = hashlib.sha256(f"bundler {_BUNDLER}, python {PYTHON_VERSION}\0".encode())
    for name, path in sorted(_source_files(source)):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def bundle(source: Path, output: Path) -> None:
    """Write package ``runtime`` and its dependencies to a directory.

    Parameters
    ----------
    source
        Directory of the package, with its ``requirements.lock``.
    output
        Existing, empty directory: the root of the functions' code.

    Raises
    ------
    RuntimeError
        If no installer is there, the installation fails, or an installed file is not the wheel's.
    """
    command = install_command(source / _LOCK, output)
    # Standard output belongs to the CDK CLI, which reads the app's.
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)  # noqa: S603 - no shell, our own arguments
    if run.returncode:
        tail = "\n".join(run.stdout.strip().splitlines()[-8:])
        raise RuntimeError(
            f"dependencies of the functions: {Path(command[0]).name} ended with {run.returncode}; "
            f"for an installation without a package index set PIP_FIND_LINKS and PIP_NO_INDEX\n{tail}"
        )
    for metadata in sorted(output.glob("*.dist-info")):
        verify(metadata)
        for trace in _INSTALLER_TRACES:
            (metadata / trace).unlink(missing_ok=True)
    (output / ".lock").unlink(missing_ok=True)
    shutil.rmtree(output / "bin", ignore_errors=True)
    shutil.copytree(source, output / "runtime", ignore=_not_bundled)


def install_command(lock: Path, output: Path) -> list[str]:
    """Return the command that installs the locked pure-Python wheels into a directory.

    Raises
    ------
    RuntimeError
        If there is neither pip in this interpreter nor uv on the path.
    """
    wheels = ["--target", str(output), "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    lock_file = ["--python-version", PYTHON_VERSION, "--requirement", str(lock)]
    if importlib.util.find_spec("pip"):
        any_platform = ["--platform", "any", "--implementation", "py", "--abi", "none"]
        quiet = ["--quiet", "--no-compile", "--disable-pip-version-check"]
        return [sys.executable, "-m", "pip", "install", *quiet, *wheels, *any_platform, *lock_file]
    if uv := shutil.which("uv"):
        # uv knows no platform "any". Under one that nobody builds wheels for, the pure ones are left. Its
        # cache is hard-linked into environments, where an edit would reach the bundle: so without it.
        pure = ["--no-cache", "--python-platform", "wasm32-pyodide2024"]
        return [uv, "pip", "install", "--quiet", *wheels, *pure, *lock_file]
    raise RuntimeError(
        f"dependencies of the functions: got neither pip in {sys.executable} nor uv on the path, "
        "expected one; install either"
    )


def _not_bundled(directory: str, names: list[str]) -> set[str]:
    return NOT_SOURCE(directory, names) | ({_PLUGIN} & set(names))


def _source_files(source: Path) -> Iterator[tuple[str, Path]]:
    for directory, subdirectories, names in os.walk(source):
        skipped = _not_bundled(directory, [*subdirectories, *names])
        subdirectories[:] = [name for name in subdirectories if name not in skipped]
        for name in names:
            if name not in skipped:
                path = Path(directory, name)
                yield path.relative_to(source).as_posix(), path


def verify(metadata: Path) -> None:
    """Check an installed wheel against its RECORD: installers' caches have delivered edited files.

    Parameters
    ----------
    metadata
        Its ``.dist-info`` directory.

    Raises
    ------
    RuntimeError
        If a file is not the wheel's, or the wheel is for one platform only.
    """
    root = metadata.parent
    with (metadata / "RECORD").open(newline="", encoding="utf-8") as record:
        for name, recorded, *_ in csv.reader(record):
            path = root / name
            # Commands (written with the interpreter's path into bin/) and traces are not kept.
            if not recorded or path.parent.name == "bin" or path.name in _INSTALLER_TRACES:
                continue
            algorithm, _, expected = recorded.partition("=")
            actual = base64.urlsafe_b64encode(hashlib.new(algorithm, path.read_bytes()).digest())
            if actual.rstrip(b"=").decode() != expected:
                raise RuntimeError(
                    f"dependencies of the functions: got a changed {name}, expected the one of the wheel; "
                    "clear the installer's cache"
                )
    if "Tag: py3-none-any" not in (metadata / "WHEEL").read_text(encoding="utf-8"):
        raise RuntimeError(
            f"dependencies of the functions: got a platform's wheel for {metadata.name}, "
            f"expected a pure one; add the hash of its py3-none-any wheel to {_LOCK}"
        )


@jsii.implements(ILocalBundling)
class _LocalBundling:
    """Bundles in place of a container. CDK does not tell the source, so it is told here."""

    def __init__(self, source: Path) -> None:
        self._source = source

    def try_bundle(self, output_dir: str, options: object = None, **_: object) -> bool:  # noqa: ARG002 - the interface's
        bundle(self._source, Path(output_dir))
        return True
