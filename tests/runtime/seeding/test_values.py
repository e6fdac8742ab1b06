"""Which values mean the same, whatever a server's way of writing them."""

from __future__ import annotations

import pytest

from runtime.seeding.values import same


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("jump", "jump"),
        (22, "22"),
        (True, "true"),
        (False, False),
        (["b", "a"], ["a", "b"]),
        ([], None),
        ({"k": "v"}, {"k": "v"}),
        ({}, None),
        ("Infrastructure/bastion", {"ci-ref": "Infrastructure/bastion"}),
    ],
)
def test_the_same(wanted: object, found: object) -> None:
    assert same(wanted, found)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("jump", "Jump"), ("/home/App", "/home/app"), (22, 2222), (True, "false"), ("x", None), (["a"], None)],
)
def test_not_the_same(wanted: object, found: object) -> None:
    assert not same(wanted, found)
