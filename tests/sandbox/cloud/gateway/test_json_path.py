from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_app.sandbox.cloud.gateway.json_path import JsonPathError, find

EVENT = {
    "id": "1",
    "detail-type": "EC2 Instance Launch Successful",
    "detail": {"Details": {"Subnet ID": "subnet-1"}, "nothing": None},
    "resources": ["group", "instance"],
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", EVENT),
        ("$.id", "1"),
        ("$.detail-type", "EC2 Instance Launch Successful"),
        ("$['detail-type']", "EC2 Instance Launch Successful"),
        ('$["detail-type"]', "EC2 Instance Launch Successful"),
        ("$.detail.Details['Subnet ID']", "subnet-1"),
        ("$.resources[1]", "instance"),
        ("$.resources[-1]", "instance"),
        ("$.resources[*]", ["group", "instance"]),
        ("$.resources[7]", None),
        ("$.missing", None),
        ("$.missing.further", None),
        ("$.id.further", None),
        ("$.detail.nothing", None),
    ],
)
def test_paths(path: str, expected: object) -> None:
    assert find(EVENT, path) == expected


@pytest.mark.parametrize("path", ["", "id", "$..id", "$.a[?(@.b)]", "$.a[1:2]", "$['open"])
def test_paths_that_are_not_understood_are_refused(path: str) -> None:
    with pytest.raises(JsonPathError):
        find(EVENT, path)


names = st.text(st.characters(exclude_characters="'\\", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(names, min_size=1, max_size=4), st.integers())
def test_any_name_can_be_quoted(keys: list[str], value: int) -> None:
    document: object = value
    for key in reversed(keys):
        document = {key: document, f"{key}'": None}
    assert find(document, "$" + "".join(f"['{key}']" for key in keys)) == value
