"""The tables in the documentation name every endpoint, every choice, and tests that exist."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from cdk_app.sandbox.deploy_server import Behaviour
from cdk_app.sandbox.deploy_server.wire.app import ROUTES

TESTS = Path(__file__).parent
TEXT = (TESTS.parents[2] / "docs" / "deploy-server.md").read_text()


def test_every_endpoint_has_a_row_and_no_row_an_endpoint_that_is_not_there() -> None:
    documented = set(re.findall(r"`((?:GET|POST|PUT|DELETE) /(?!_standin)[^`]*)`", TEXT))
    assert documented == {f"{route.method} {route.path.replace(':path', '')}" for route in ROUTES}


def test_every_choice_has_a_row() -> None:
    table = TEXT.partition("## What can be chosen")[2].partition("## Faults")[0]
    assert set(re.findall(r"`([a-z_]+)`", table)) >= {field.name for field in dataclasses.fields(Behaviour)}


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", TEXT)
    assert len(named) > 50
    for file, function in named:
        content = (TESTS / file).read_text()
        assert not function or f"def {function}(" in content, f"{file}::{function}"


def test_the_example_holds() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(example, {})  # noqa: S102 - our own text
