"""People create and change CIs between the seeder's look and its write: what is theirs stays theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runtime.seeding.errors import SeedError
from tests.runtime.seeding.test_seeder import BASTION, Site

if TYPE_CHECKING:
    from collections.abc import Callable


def just_before_creating(site: Site, ci_id: str, act: Callable[[], None]) -> None:
    """Let something happen right before the server creates a CI."""

    def fault(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("POST", "before") and path == f"/repository/ci/{ci_id}":
            site.twin.faults.clear()
            act()

    site.twin.faults.append(fault)


def test_a_ci_that_a_person_creates_meanwhile_is_brought_in_line_but_is_not_ours() -> None:
    site = Site()
    just_before_creating(
        site,
        BASTION,
        lambda: site.twin.put(BASTION, "overthere.SshJumpstation", os="UNIX", address="10.0.0.9"),
    )
    report = site.apply()
    assert site.twin.faults == []
    assert BASTION in report.updated
    assert BASTION not in report.created
    assert site.twin.items[BASTION]["address"] == "192.0.2.10"
    site.remove()
    assert BASTION in site.twin.items


def test_a_ci_of_another_type_that_a_person_creates_meanwhile_is_left_alone() -> None:
    site = Site()
    just_before_creating(
        site, BASTION, lambda: site.twin.put(BASTION, "overthere.SshHost", os="UNIX", address="10.0.0.9")
    )
    with pytest.raises(SeedError) as refused:
        site.apply()
    assert f"{BASTION} has become overthere.SshHost, expected overthere.SshJumpstation" in str(refused.value)
    assert site.twin.items[BASTION]["address"] == "10.0.0.9"
    site.remove()
    assert BASTION in site.twin.items
