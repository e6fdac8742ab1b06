"""What people install: the wheel in an environment of its own, away from the checkout."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from cdk_app.plugin_archive import build_plugin
from tests.cdk_app.cases import ROOT, minimal, properties
from tests.cdk_app.cases import Case as _Case

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

APP = """
import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from cdk_app import DeployedAutoScalingGroup, DeployServer, NewBastion

app = cdk.App(outdir="assembly", context={"aws:cdk:bundling-stacks": []}, analytics_reporting=False)
stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111", region="eu-west-1"))
secret = secretsmanager.Secret.from_secret_name_v2(stack, "Credentials", "deploy/credentials")
deploy = DeployServer(url="https://deploy.example.com:4516", credentials=secret)
bastion = NewBastion(allowed_cidrs=["203.0.113.10/32"])
DeployedAutoScalingGroup(stack, "Web", deploy=deploy, bastion=bastion, max_capacity=4)
app.synth()
"""


def run(*command: str, cwd: Path) -> str:
    environment = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    environment |= {"CDK_VALIDATION": "false", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}
    done = subprocess.run(  # noqa: S603 - our own commands
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(kind: str, source: Path, directory: Path) -> Path:
    command = ("-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(directory), str(source))
    run(sys.executable, *command, cwd=directory)
    (built,) = directory.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a new environment with the wheel in it.

    Its dependencies are those of this environment, by a path file: so the test needs no network.
    """
    directory = tmp_path_factory.mktemp("environment")
    venv.create(directory, with_pip=False)
    python = directory / "bin" / "python"
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        str(wheel),
        cwd=directory,
    )
    (site,) = directory.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_it_holds_code_templates_and_the_functions_source_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "cdk_app/__init__.py",
        "cdk_app/py.typed",
        "cdk_app/templates/bastion.sh",
        "cdk_app/templates/events.vtl",
        "cdk_app/_runtime/requirements.lock",
        "cdk_app/_runtime/handlers/reconcile.py",
        "cdk_app/sandbox/__main__.py",
    } <= names
    assert {name.partition("/")[0] for name in names} == {
        "cdk_app",
        f"{PROJECT['name'].replace('-', '_')}-{PROJECT['version']}.dist-info",
    }
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".class"))]


def test_a_source_distribution_builds_the_same_wheel(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    archive = build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(archive) as files:
        files.extractall(unpacked, filter="data")
    (source,) = unpacked.iterdir()
    rebuilt = build("wheel", source, tmp_path_factory.mktemp("rebuilt"))
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(rebuilt) as other:
        assert {each.filename: each.CRC for each in one.infolist()} == {
            each.filename: each.CRC for each in other.infolist()
        }


def test_its_metadata_say_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
        assert [each for each in archive.namelist() if each.endswith("licenses/LICENSE")]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert {"app", "sandbox"} <= set(metadata.get_all("Provides-Extra", []))
    assert {"Typing :: Typed", "Framework :: AWS CDK :: 2"} <= set(metadata.get_all("Classifier", []))
    required = [each for each in metadata.get_all("Requires-Dist", []) if "extra ==" not in each]
    assert sorted(each.split("<")[0].split(">")[0] for each in required) == [
        "aws-cdk-lib",
        "constructs",
        "jsii",
    ]


def test_ten_lines_synthesize_with_the_same_assets_as_the_checkout(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    where = run(str(installed), "-c", "import cdk_app; print(cdk_app.__file__)", cwd=tmp_path)
    assert str(installed.parents[1]) in where
    run(str(installed), "app.py", cwd=tmp_path)
    template = (tmp_path / "assembly" / "Stack.template.json").read_text()
    keys = {
        function["Code"]["S3Key"]
        for function in properties(_Case("wheel", minimal), "AWS::Lambda::Function")
        if function["Handler"].startswith("runtime.")
    }
    assert len(keys) == 1
    assert keys.pop() in template


def test_it_packs_the_same_plugin_as_the_checkout(installed: Path, tmp_path: Path) -> None:
    built = run(str(installed), "-m", "cdk_app.plugin_archive", "installed", cwd=tmp_path).strip()
    assert (tmp_path / built).read_bytes() == build_plugin(tmp_path / "checkout").read_bytes()
