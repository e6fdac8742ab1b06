"""What CloudFormation gets stays within what it takes."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from runtime.seeding.report import LONGEST_REASON, Report, cut, joined

OTHERS = 800
"""Bytes of the answer besides attributes: status, reason, ids of stack, request and resources."""

ids = st.lists(st.text(min_size=1, max_size=300), max_size=40)


@given(st.lists(ids, min_size=7, max_size=7))
def test_attributes_fit_into_the_answer_whatever_the_ids(lists: list[list[str]]) -> None:
    attributes = Report(*lists).attributes()
    # As Node writes it.
    answer = json.dumps(attributes, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert len(answer) + OTHERS < 4096


def test_hundreds_of_long_ids_are_cut_between_ids() -> None:
    many = [f"Infrastructure/aws/123456789012/eu-central-1/{'x' * 100}-{n}" for n in range(300)]
    created = Report(created=many).attributes()["Created"]
    assert created == f"{many[0]}, … (300 in all)"


def test_what_fits_is_left_as_it_is() -> None:
    assert joined(["a", "b"], 10) == "a, b"
    assert Report().attributes()["Remarks"] == "none"


def test_remarks_begin_with_what_stops_deployments() -> None:
    report = Report(lacking=["deploy#initial on E"], skipped=["s"], retained=["r"], notes=["old"])
    assert report.attributes()["Remarks"] == (
        "the Deploy account lacks deploy#initial on E; left out: s; left in Deploy: r; old"
    )


@given(st.text(max_size=5000))
def test_a_reason_is_cut_to_its_bytes_and_keeps_its_beginning(text: str) -> None:
    short = cut(text, LONGEST_REASON)
    assert len(json.dumps(short, ensure_ascii=False).encode("utf-8", "surrogatepass")) - 2 <= LONGEST_REASON
    assert text.startswith(short.removesuffix("…"))
