from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.deploy.names import ci_name, group_name

NAMES = st.text(
    st.sampled_from("aZ09 -_.x/#%ABF\té😀") | st.characters(exclude_categories=["Cs"]), max_size=30
)


@given(NAMES)
def test_a_name_comes_back(name: str) -> None:
    assert group_name(ci_name(name)) == name


@given(NAMES)
def test_a_ci_name_holds_only_plain_characters_and_no_outer_spaces(name: str) -> None:
    mapped = ci_name(name)
    assert re.fullmatch(r"[A-Za-z0-9_.\- ]*", mapped)
    assert mapped == mapped.strip()
    assert mapped not in {".", ".."}


@pytest.mark.parametrize("name", ["web", "Web-1_b.c", "my_xlarge", "two words", "_x12_"])
def test_a_plain_name_stays(name: str) -> None:
    assert ci_name(name) == name


@pytest.mark.parametrize(
    ("name", "mapped"),
    [("a/b", "a_x002F_b"), ("_x002F_", "_x005F_x002F_"), (" a", "_x0020_a"), ("😀", "_x0001F600_")],
)
def test_other_names_are_escaped(name: str, mapped: str) -> None:
    assert ci_name(name) == mapped
