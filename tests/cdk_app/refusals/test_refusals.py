"""Every refusal of the library says what, what it got, what it expected, and what to do where that helps."""

from __future__ import annotations

import ast
import re
import traceback
from pathlib import Path

import pytest

import cdk_app
from cdk_app import source
from tests.cdk_app.cases import ROOT, new_stack
from tests.cdk_app.refusals import (
    of_endpoints,
    of_groups,
    of_hosts,
    of_hubs,
    of_servers,
    of_settings,
    of_ways,
)
from tests.cdk_app.refusals.attempts import group

SUBJECTS = (of_servers, of_ways, of_hosts, of_hubs, of_endpoints, of_groups, of_settings)
REFUSED = {name: refusal for subject in SUBJECTS for name, refusal in subject.REFUSED.items()}


@pytest.fixture(scope="module")
def refusals() -> dict[str, Exception]:
    """Return what each attempt raises."""
    stack = new_stack()
    raised: dict[str, Exception] = {}
    for name, (attempt, _) in REFUSED.items():
        try:
            attempt(stack)
        except (TypeError, ValueError) as error:
            raised[name] = error
    return raised


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_what_it_got_and_what_it_expected(refusals: dict[str, Exception], name: str) -> None:
    message = re.sub(r"\$\{Token\[[^\]]*\]\}", "<token>", str(refusals[name]))
    assert message == REFUSED[name][1]
    assert re.search(r"^.+: got .+, expected .+", message)
    assert "hunter2" not in message
    assert "secret@" not in message


def test_no_two_refusals_have_one_name() -> None:
    assert len(REFUSED) == sum(len(subject.REFUSED) for subject in SUBJECTS)


def test_every_refusal_of_the_library_is_among_them(refusals: dict[str, Exception]) -> None:
    raised = {
        (Path(frame.filename).name, frame.lineno)
        for error in refusals.values()
        for frame in traceback.extract_tb(error.__traceback__)[-1:]
    }
    written = {
        (path.name, node.lineno)
        for path in (ROOT / "cdk_app").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and refuses(node.exc)
    }
    assert sorted(written - raised) == []


def refuses(error: ast.Call) -> bool:
    """Tell whether it is a refusal; the others are those below, and those of the bundler."""
    return ast.unparse(error.func) not in {"AttributeError", "FileNotFoundError", "RuntimeError"}


def test_completion_shows_the_names_that_there_are() -> None:
    assert set(cdk_app.__all__) <= set(dir(cdk_app))


def test_a_name_that_there_is_not_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'cdk_app' has no attribute 'Hub'"):
        _ = cdk_app.Hub


def test_a_package_without_the_functions_source_says_where_it_looked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(source, "__file__", str(tmp_path / "cdk_app" / "source.py"))
    with pytest.raises(FileNotFoundError) as refusal:
        source.runtime_source()
    assert str(refusal.value) == (
        f"source of the functions: got nothing at {tmp_path}/cdk_app/_runtime nor at {tmp_path}/runtime, "
        "expected a directory; install the package unpacked"
    )


def test_a_misspelt_option_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="max_capacty"):
        group(new_stack(), max_capacty=3)
