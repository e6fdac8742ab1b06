"""The reconciler against the Deploy stand-in, in two ways in which a real server might behave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runtime.reconciliation.reconciler import Outcome

if TYPE_CHECKING:
    from tests.runtime.contract.conftest import Bench


def test_hosts_follow_the_group_and_steps_run_on_new_hosts_only(bench: Bench) -> None:
    bench.group.scale(2)
    assert bench.reconcile() is Outcome.CHANGED
    assert bench.host_ids() == bench.members() == bench.expected_hosts()
    bench.release(bench.package("1.0", "a", "b"))
    assert len(bench.hosts.commands) == 4
    old = {address for address, _ in bench.hosts.commands}
    bench.hosts.commands.clear()

    bench.group.scale(4)
    assert bench.reconcile() is Outcome.CHANGED

    new = {address for address, _ in bench.hosts.commands}
    assert len(new) == 2
    assert not new & old
    assert bench.deployeds() == {f"{host}/{name}" for host in bench.expected_hosts() for name in "ab"}
    assert {i.lifecycle for i in bench.group.instances.values()} == {"InService"}
    assert bench.reconcile() is Outcome.UNCHANGED


def test_scale_in_leaves_nothing_behind(bench: Bench) -> None:
    bench.group.scale(3)
    bench.reconcile()
    bench.release(bench.package("1.0", "a"))
    bench.group.scale(1)
    bench.reconcile()
    assert bench.host_ids() == bench.members() == bench.expected_hosts()
    assert bench.deployeds() == {f"{host}/a" for host in bench.expected_hosts()}


def test_a_dead_host_goes_without_a_connection_to_it(bench: Bench) -> None:
    bench.group.scale(3)
    bench.reconcile()
    bench.release(bench.package("1.0", "a"))
    victim = next(iter(bench.group.instances))
    address = bench.group.machines([victim])[victim].address
    bench.group.die(victim)
    bench.hosts.dead.add(address)
    bench.hosts.attempts.clear()
    bench.group.converge()

    assert bench.reconcile() is Outcome.CHANGED

    assert bench.host_ids() == bench.members() == bench.expected_hosts()
    assert bench.deployeds() == {f"{host}/a" for host in bench.expected_hosts()}
    assert address not in bench.hosts.attempts


def test_applications_come_back_after_zero(bench: Bench) -> None:
    bench.group.scale(2)
    bench.reconcile()
    bench.release(bench.package("1.0", "a"))
    bench.group.scale(0)
    bench.reconcile()
    assert bench.host_ids() == set()
    assert bench.deployeds() == set()
    bench.group.scale(2)
    bench.reconcile()
    assert bench.deployeds() == {f"{host}/a" for host in bench.expected_hosts()}
    assert {i.lifecycle for i in bench.group.instances.values()} == {"InService"}


def test_a_failed_deployment_abandons_the_instance_and_the_replacement_is_deployed(bench: Bench) -> None:
    bench.group.scale(1)
    bench.reconcile()
    bench.release(bench.package("1.0", "a"))
    bench.hosts.failing.add("10.0.0.2")
    bench.group.scale(2)
    bench.reconcile()
    assert [c[2] for c in bench.group.completions] == ["CONTINUE", "ABANDON", "CONTINUE"]
    assert len(bench.group.instances) == 2
    assert bench.host_ids() == bench.members() == bench.expected_hosts()
    assert bench.deployeds() == {f"{host}/a" for host in bench.expected_hosts()}


def test_tasks_are_archived(bench: Bench) -> None:
    bench.group.scale(1)
    bench.reconcile()
    bench.release(bench.package("1.0", "a"))
    bench.group.scale(2)
    bench.reconcile()
    assert bench.deploy.tasks.open() == []


@pytest.mark.parametrize("member", [True, False], ids=["a member", "a member no longer"])
def test_a_release_cancelled_half_way_stays_as_it_is_on_peoples_hosts(bench: Bench, member: bool) -> None:
    people, address = "Infrastructure/a database", "10.9.9.9"
    host = {"id": people, "type": "overthere.SshHost", "os": "UNIX", "connectionType": "SFTP"}
    bench.person.repository.create({**host, "address": address, "username": "ec2-user"})
    bench.join(people)
    bench.group.scale(2)
    bench.reconcile()
    bench.release(bench.package("1.0", "a", undone=False))
    bench.hosts.failing.add("10.0.0.2")
    bench.release_half_way(bench.package("2.0", "a", undone=False))
    bench.hosts.failing.clear()
    if not member:
        bench.leave(people)
    before = bench.person.repository.read(f"{people}/a")
    assert before is not None
    assert before["deployable"] in ("Applications/shop/2.0/a", {"ci-ref": "Applications/shop/2.0/a"})
    bench.hosts.attempts.clear()

    bench.group.scale(3)
    assert bench.reconcile() is Outcome.CHANGED

    assert address not in bench.hosts.attempts
    after = bench.person.repository.read(f"{people}/a")
    assert after is not None
    assert (after["deployable"], after["commandLine"]) == (before["deployable"], before["commandLine"])
    assert bench.deployeds() == {f"{host}/a" for host in bench.expected_hosts()} | {f"{people}/a"}
    assert {i.lifecycle for i in bench.group.instances.values()} == {"InService"}
