"""Who may import whom: the functions know nothing of CDK, the constructs nothing of functions or sandbox."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SANDBOX = ROOT / "cdk_app" / "sandbox"
RUNTIME = sorted((ROOT / "runtime").rglob("*.py"))
CONSTRUCTS = sorted(path for path in (ROOT / "cdk_app").rglob("*.py") if SANDBOX not in path.parents)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def forbidden(path: Path, *packages: str) -> list[str]:
    return [
        name
        for name in imports(path)
        if any(name == package or name.startswith(f"{package}.") for package in packages)
    ]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_both_sides_were_found() -> None:
    assert {"cdk_app/group.py", "cdk_app/hub.py"} <= {relative(path) for path in CONSTRUCTS}
    assert "runtime/handlers/reconcile.py" in {relative(path) for path in RUNTIME}


@pytest.mark.parametrize("path", RUNTIME, ids=relative)
def test_functions_import_neither_cdk_nor_constructs(path: Path) -> None:
    assert forbidden(path, "aws_cdk", "constructs", "jsii", "cdk_app", "tests") == []


@pytest.mark.parametrize("path", CONSTRUCTS, ids=relative)
def test_constructs_import_neither_functions_nor_sandbox(path: Path) -> None:
    assert forbidden(path, "runtime", "cdk_app.sandbox", "tests", "boto3", "botocore") == []


@pytest.mark.parametrize("path", CONSTRUCTS + RUNTIME, ids=relative)
def test_nothing_that_is_deployed_knows_of_the_sandbox(path: Path) -> None:
    """The sandbox supplies endpoints and settings by the standard variables, never by a switch."""
    text = path.read_text()
    assert "ministack" not in text.lower()
    assert not [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name | ast.Attribute)
        and "sandbox" in (node.id if isinstance(node, ast.Name) else node.attr).lower()
    ]
