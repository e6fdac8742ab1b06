from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import aws_cdk as cdk
import pytest

from cdk_app import DeployedAutoScalingGroup, bundling
from cdk_app.source import runtime_source
from tests.cdk_app.cases import BASTION, ROOT, deploy_server

WHEELS = ROOT / ".wheels"
needs_wheels = pytest.mark.skipif(
    not WHEELS.is_dir(), reason="the functions' wheels are not here; `make install` fetches them"
)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip and uv install from the wheels in the checkout, by their own variables."""
    for tool in ("PIP", "UV"):
        monkeypatch.setenv(f"{tool}_FIND_LINKS", str(WHEELS))
        monkeypatch.setenv(f"{tool}_NO_INDEX", "1")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a copy of the functions' source."""
    copy = tmp_path / "copy"
    shutil.copytree(runtime_source(), copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def tree(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


class TestDigest:
    def test_is_the_same_in_another_directory(self, source: Path) -> None:
        assert bundling.digest(source) == bundling.digest(runtime_source())

    def test_does_not_see_what_tools_leave_behind(self, source: Path) -> None:
        before = bundling.digest(source)
        (source / "__pycache__").mkdir()
        (source / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"x")
        (source / ".DS_Store").write_bytes(b"x")
        assert bundling.digest(source) == before

    def test_does_not_see_times_modes_and_line_ends(self, source: Path) -> None:
        before = bundling.digest(source)
        for path in source.rglob("*.py"):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
            path.chmod(0o600)
            os.utime(path, (0, 0))
        assert bundling.digest(source) == before

    @pytest.mark.parametrize("name", ["requirements.lock", "handlers/seed.py"])
    def test_sees_a_change_of_source_and_of_dependencies(self, source: Path, name: str) -> None:
        before = bundling.digest(source)
        with (source / name).open("a") as file:
            file.write("\n# changed\n")
        assert bundling.digest(source) != before

    def test_sees_a_renamed_file(self, source: Path) -> None:
        before = bundling.digest(source)
        (source / "settings.py").rename(source / "preferences.py")
        assert bundling.digest(source) != before


class TestBundle:
    """Real installations, from the wheels in the checkout."""

    @needs_wheels
    @pytest.mark.usefixtures("offline")
    def test_pip_and_uv_write_the_same_bytes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        assert uv is not None, "uv is a development requirement"
        by_pip, by_uv = tmp_path / "pip", tmp_path / "uv"
        by_pip.mkdir()
        by_uv.mkdir()
        bundling.bundle(runtime_source(), by_pip)
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        monkeypatch.setenv("PATH", str(Path(uv).parent), prepend=os.pathsep)
        bundling.bundle(runtime_source(), by_uv)
        assert tree(by_pip) == tree(by_uv)
        assert "runtime/handlers/reconcile.py" in tree(by_pip)
        assert "requests/__init__.py" in tree(by_pip)
        assert not [name for name in tree(by_pip) if name.endswith((".so", ".pyc")) or "/RECORD" in name]

    @needs_wheels
    @pytest.mark.usefixtures("offline")
    def test_a_synthesis_writes_code_whose_handlers_can_be_imported(self, tmp_path: Path) -> None:
        app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
        stack = cdk.Stack(app, "Stack")
        DeployedAutoScalingGroup(stack, "Web", deploy=deploy_server(stack), bastion=BASTION, max_capacity=2)
        app.synth()
        (code,) = (path for path in tmp_path.glob("asset.*") if (path / "runtime").is_dir())
        # boto3 is the image's in Lambda and this environment's here; all else must come with the code.
        program = (
            f"import sys; sys.path.insert(0, {str(code)!r})\n"
            "import runtime.handlers.reconcile, runtime.handlers.seed, requests, aws_lambda_powertools\n"
            "assert callable(runtime.handlers.reconcile.handler)\n"
            "assert callable(runtime.handlers.seed.handler)\n"
            "print(runtime.__file__, requests.__file__, aws_lambda_powertools.__file__)"
        )
        environment = {"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-west-1"}
        run = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-I", "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        assert all(path.startswith(str(code)) for path in run.stdout.split())
        size = sum(len(zlib.compress(content)) for content in tree(code).values())
        assert size < 3_000_000


class TestRefusals:
    def test_an_installation_that_fails_tells_the_tail_of_its_output(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
        output = tmp_path / "output"
        output.mkdir()
        with pytest.raises(
            RuntimeError, match=r"ended with 1.*PIP_FIND_LINKS(.|\n)*No matching distribution"
        ):
            bundling.bundle(runtime_source(), output)

    def test_neither_installer(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(RuntimeError, match=r"got neither pip in .* nor uv on the path, expected one"):
            bundling.install_command(tmp_path / "requirements.lock", tmp_path)

    def test_a_file_that_is_not_the_wheels(self, tmp_path: Path) -> None:
        metadata = installed(tmp_path, "changed")
        with pytest.raises(
            RuntimeError, match=r"got a changed pure/__init__.py, expected the one of the wheel"
        ):
            bundling.verify(metadata)

    def test_a_wheel_of_one_platform(self, tmp_path: Path) -> None:
        metadata = installed(tmp_path, "original", tag="cp314-cp314-manylinux_2_28_x86_64")
        with pytest.raises(RuntimeError, match=r"got a platform's wheel for pure-1.0.dist-info"):
            bundling.verify(metadata)

    def test_what_is_as_it_should_be_passes(self, tmp_path: Path) -> None:
        bundling.verify(installed(tmp_path, "original"))


def installed(directory: Path, content: str, tag: str = "py3-none-any") -> Path:
    """Return the .dist-info of a package whose RECORD says that its file holds ``original``."""
    recorded = base64.urlsafe_b64encode(hashlib.sha256(b"original").digest()).rstrip(b"=").decode()
    metadata = directory / "pure-1.0.dist-info"
    metadata.mkdir()
    (directory / "pure").mkdir()
    (directory / "pure" / "__init__.py").write_text(content)
    (metadata / "WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n")
    (metadata / "RECORD").write_text(
        f"pure/__init__.py,sha256={recorded},8\n"
        "pure-1.0.dist-info/RECORD,,\n"
        "../../bin/pure,sha256=unknown,8\n"
    )
    return metadata
