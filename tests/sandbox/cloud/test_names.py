from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from cdk_app.sandbox.cloud.names import MissingNameError, names


def test_names_that_exist_give_the_module() -> None:
    assert names("core.arn", functions=("parse_arn",)).parse_arn


def test_a_missing_function_stops_with_its_name_and_the_version_to_install() -> None:
    with pytest.raises(
        MissingNameError, match=r"core\.arn .* lacks nothing_like_it \(a function\).*ministack==1\.5\.33"
    ):
        names("core.arn", functions=("parse_arn", "nothing_like_it"))


def test_names_must_be_of_the_kind_that_is_used() -> None:
    wrong = r"_ARN_PREFIX \(a function\), _ARN_SECTIONS \(a container\), nothing_like_it \(a value\)"
    with pytest.raises(MissingNameError, match=wrong):
        names("core.arn", functions=("_ARN_PREFIX",), stores=("_ARN_SECTIONS",), values=("nothing_like_it",))


CLOUD = Path(__file__).parents[3] / "cdk_app" / "sandbox" / "cloud"


def declared_and_used(source: str) -> dict[str, tuple[set[str], set[str]]]:
    """Per module of MiniStack that a file names: the names it declares, and the attributes it uses."""
    tree = ast.parse(source)
    found: dict[str, tuple[set[str], set[str]]] = {}
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Name)
            and node.value.func.id == "names"
        ):
            (target,) = node.targets
            assert isinstance(target, ast.Name)
            kept = {
                constant.value
                for keyword in node.value.keywords
                for constant in ast.walk(keyword.value)
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
            }
            found[target.id] = (kept, set())
    for used in ast.walk(tree):
        if isinstance(used, ast.Attribute) and isinstance(used.value, ast.Name) and used.value.id in found:
            found[used.value.id][1].add(used.attr)
    return found


@pytest.mark.parametrize(
    "path", sorted(CLOUD.rglob("*.py")), ids=lambda path: str(path.relative_to(CLOUD).with_suffix(""))
)
def test_what_is_declared_is_what_is_used(path: Path) -> None:
    for declared, used in declared_and_used(path.read_text()).values():
        assert declared == used


def test_every_gap_can_be_installed() -> None:
    server = importlib.import_module("cdk_app.sandbox.cloud.server")
    for gap in server.GAPS:
        assert callable(importlib.import_module(f"cdk_app.sandbox.cloud.{gap}").install)
