"""Hosts that Deploy does not accept: the rest of the group goes on, and what frees a place above all."""

from __future__ import annotations

import pytest

from runtime.deploy.errors import Forbidden, Refused
from runtime.reconciliation.errors import Fatal, Retry
from tests.runtime.reconciliation.scenarios import in_line, serving
from tests.runtime.twins.world import TEMPLATE, World


def one_comes_and_one_leaves() -> tuple[World, str, str]:
    """Return a group in which an instance was launched and one terminates: both, by id."""
    world = serving(2)
    leaving = min(world.group.instances)
    world.group.terminate(leaving)
    world.group.converge()
    return world, max(world.group.instances), leaving


def all_else_is_done(world: World, leaving: str, refused: str) -> bool:
    return (
        leaving not in world.hosts() | set(world.group.instances)
        and refused not in world.hosts()
        and world.states()[refused] == "Pending:Wait"
        and {state for i, state in world.states().items() if i != refused} == {"InService"}
    )


@pytest.mark.parametrize("manner", ["as a success", "as a refusal"])
def test_a_host_that_is_refused_keeps_no_other_from_coming_or_leaving(manner: str) -> None:
    """A licence may limit how many hosts there are: then one that leaves makes room."""
    world, refused, leaving = one_comes_and_one_leaves()
    world.group.scale(3)
    host = world.config.host_id(refused)

    def refuse(method: str, path: str, phase: str) -> None:
        creates = path in {"/repository/cis", f"/repository/ci/{host}"}
        if manner == "as a refusal" and creates and (method, phase) == ("POST", "before"):
            raise Refused(method, path, 400, "the licence is for 2 hosts: not as we like it")

    world.twin.faults.append(refuse)
    world.twin.unacceptable.add(host)
    with pytest.raises(Retry, match=f"host {host} was not accepted: .*not as we like it"):
        world.reconcile()
    assert all_else_is_done(world, leaving, refused)
    world.twin.faults.clear()
    world.twin.unacceptable.clear()
    world.reconcile()
    assert in_line(world)


@pytest.mark.parametrize("lacking", ["template", "permission"])
def test_what_keeps_every_host_out_keeps_none_in(lacking: str) -> None:
    world, refused, leaving = one_comes_and_one_leaves()
    template = world.twin.items[TEMPLATE]

    def forbid(method: str, path: str, _phase: str) -> None:
        if (method, path) == ("POST", "/repository/cis"):
            raise Forbidden(method, path, 403, "You need the permission repo#edit")

    if lacking == "template":
        del world.twin.items[TEMPLATE]
    else:
        world.twin.faults.append(forbid)
    with pytest.raises(Fatal, match="none of the host templates exists" if lacking == "template" else "edit"):
        world.reconcile()
    assert all_else_is_done(world, leaving, refused)
    world.twin.items[TEMPLATE] = template
    world.twin.faults.clear()
    world.reconcile()
    assert in_line(world)
