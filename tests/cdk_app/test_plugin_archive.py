from __future__ import annotations

import io
import os
import shutil
import tomllib
import zipfile
from pathlib import Path

import pytest

from cdk_app.plugin_archive import archive_name, build_plugin
from cdk_app.source import plugin_source

PROJECT = Path(__file__).parents[2]


def jar_of(archive: Path) -> zipfile.ZipFile:
    with zipfile.ZipFile(archive) as outer:
        (jar,) = outer.namelist()
        return zipfile.ZipFile(io.BytesIO(outer.read(jar)))


def test_two_builds_from_two_directories_are_identical(tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "plugin"
    # As a checkout on another machine: other times, other modes, line ends of Windows, leftovers of tools.
    for path in sorted(plugin_source().rglob("*"), reverse=True):
        target = copy / path.relative_to(plugin_source())
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
            target.chmod(0o600)
            os.utime(target, (1, 1))
    (copy / "aws_asg" / "__pycache__").mkdir(exist_ok=True)
    (copy / "aws_asg" / "__pycache__" / "events.cpython-311.pyc").write_bytes(b"x")
    (copy / "aws_asg" / "events$py.class").write_bytes(b"x")

    first, second = build_plugin(tmp_path / "a"), build_plugin(tmp_path / "b", copy)
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_a_changed_script_changes_the_archive(tmp_path: Path) -> None:
    shutil.copytree(plugin_source(), tmp_path / "source")
    with (tmp_path / "source" / "aws_asg" / "events.py").open("a") as script:
        script.write("\n")
    first, second = build_plugin(tmp_path / "a"), build_plugin(tmp_path / "b", tmp_path / "source")
    assert first.read_bytes() != second.read_bytes()


def test_the_jar_is_laid_out_as_deploy_reads_it(tmp_path: Path) -> None:
    with jar_of(build_plugin(tmp_path)) as jar:
        names = jar.namelist()
    assert names == sorted(names)
    assert {"synthetic.xml", "xl-rest-endpoints.xml", "plugin-version.properties"} <= set(names)
    folders = {str(Path(name).parent) for name in names if name.endswith(".py")}
    assert folders == {"aws_asg"}
    assert all(f"{folder}/__init__.py" in names for folder in folders)
    assert not [
        name for name in names if name.startswith(("./", "/")) or name.endswith((".pyc", ".class", "/"))
    ]


def test_the_plugins_version_is_the_projects(tmp_path: Path) -> None:
    with (PROJECT / "pyproject.toml").open("rb") as stream:
        project = tomllib.load(stream)["project"]
    assert build_plugin(tmp_path).name == f"{project['name']}-{project['version']}.xldp"


def test_a_source_without_version_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"plugin-version.properties of the plugin: got \['plugin'\], expected"
    ):
        archive_name("plugin=x\n")
