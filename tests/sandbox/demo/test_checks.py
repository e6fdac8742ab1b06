from __future__ import annotations

import itertools

import pytest

from cdk_app.sandbox.demo.checks import CheckFailedError, Checks


def test_a_check_that_holds_is_remembered_and_announced() -> None:
    said: list[str] = []
    checks = Checks(said.append)
    checks.equal("one is one", 1, 1)
    assert checks.passed == ["one is one"]
    assert said == ["one is one"]


def test_a_check_that_fails_names_both_sides() -> None:
    checks = Checks(lambda _: None)
    with pytest.raises(CheckFailedError, match="hosts: observed 1, expected 2"):
        checks.equal("hosts", 1, 2)
    assert checks.passed == []


def test_eventually_looks_again_until_it_holds() -> None:
    looks = itertools.count()
    checks = Checks(lambda _: None)
    checks.eventually("third look", lambda: next(looks), 2)
    assert checks.passed == ["third look"]


def test_eventually_gives_up_and_names_the_last_observation() -> None:
    checks = Checks(lambda _: None)
    with pytest.raises(CheckFailedError, match="observed 'no', expected 'yes', waited 0 s"):
        checks.eventually("answer", lambda: "no", "yes", within=0.0)
