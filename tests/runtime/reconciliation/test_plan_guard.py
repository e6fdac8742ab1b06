"""Losses that look odd: what is not removed before AWS or EC2 has confirmed it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.reconciliation.memory import Memory
from runtime.reconciliation.plan import plan
from tests.runtime.reconciliation.looks import CONFIG, host, machine, seen


@pytest.mark.parametrize("desired", [0, 1, 5])
def test_a_missing_group_removes_nothing(desired: int) -> None:
    observed = replace(seen(desired=desired, registered=(1, 2), joined=(1, 2)), group=None)
    found = plan(CONFIG, observed, Memory())
    assert found.idle
    assert [h.metric for h in found.holds] == ["GroupsMissing"]


@pytest.mark.parametrize("hosts", [(1,), (1, 2), (1, 2, 3)])
@pytest.mark.parametrize("power", ["running", "terminated"])
def test_an_empty_list_while_instances_are_desired_removes_nothing(
    hosts: tuple[int, ...], power: str
) -> None:
    """Not even what EC2 calls dead: an answer without any instance says nothing about single ones."""
    observed = seen(desired=len(hosts), registered=hosts, joined=hosts)
    observed = replace(observed, machines=dict(machine(n, power) for n in hosts))
    found = plan(CONFIG, observed, Memory())
    assert found.idle
    assert [h.metric for h in found.holds] == ["RemovalsHeld"]


def test_an_empty_list_while_none_is_desired_removes_all() -> None:
    found = plan(CONFIG, seen(desired=0, registered=(1, 2), joined=(1, 2)), Memory())
    assert found.membership is not None
    assert found.membership.parting == {host(1), host(2)}


def test_many_losses_at_once_need_a_second_witness() -> None:
    observed = seen("InService", desired=5, registered=(0, 1, 2, 3, 4), joined=(0, 1, 2, 3, 4))
    held = plan(CONFIG, observed, Memory())
    assert held.idle
    assert [h.metric for h in held.holds] == ["RemovalsHeld"]
    confirmed = plan(
        CONFIG,
        replace(observed, machines=dict(machine(n, "terminated") for n in (1, 2, 3, 4))),
        Memory(),
    )
    assert confirmed.membership is not None
    assert confirmed.membership.parting == {host(n) for n in (1, 2, 3, 4)}


def test_scaling_in_to_a_few_is_no_loss() -> None:
    observed = seen("InService", desired=1, registered=(0, 1, 2, 3), joined=(0, 1, 2, 3))
    found = plan(CONFIG, observed, Memory())
    assert found.membership is not None
    assert found.membership.parting == {host(1), host(2), host(3)}


def test_one_unannounced_death_is_believed() -> None:
    found = plan(CONFIG, seen("InService", "Pending", desired=2, registered=(0, 7), joined=(0, 7)), Memory())
    assert found.membership is not None
    assert found.membership.parting == {host(7)}
