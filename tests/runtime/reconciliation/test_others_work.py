"""Releases, edits and items of people and of other groups."""

from __future__ import annotations

import pytest

from runtime.deploy.metadata import Property
from runtime.reconciliation.drift import drift
from runtime.reconciliation.errors import Retry
from runtime.reconciliation.reconciler import Outcome
from tests.runtime.reconciliation.scenarios import SHOP, in_line, release, serving, with_retries
from tests.runtime.twins.world import ENVIRONMENT, FOREIGN, TEMPLATE, World


def test_a_persons_failed_release_is_waited_for_and_never_started_beside() -> None:
    world = serving(1)
    world.twin.broken.add("Applications/shop/2.0")
    release(world, "shop", "2.0")
    world.group.scale(2)
    assert world.reconcile() is Outcome.CONTINUED
    assert world.twin.beside == []
    assert sorted(world.states().values()) == ["InService", "Pending:Wait"]
    for task in world.twin.tasks.values():
        if task.state == "FAILED":
            world.twin._cancel(task)
    world.reconcile()
    assert in_line(world)
    assert set(world.twin.installed[world.config.host_id(max(world.group.instances))].values()) == {
        "Applications/shop/1.0"
    }


def test_a_release_between_our_look_and_our_start_overtakes_our_task() -> None:
    world = serving(1)
    world.group.scale(2)

    def person(method: str, path: str, phase: str) -> None:
        if (method, path, phase) == ("POST", "/deployment", "after"):
            world.twin.faults.clear()
            release(world, "shop", "2.0")

    world.twin.faults.append(person)
    world.reconcile()
    assert world.twin.items[SHOP]["version"] == "Applications/shop/2.0"
    assert {v for h in world.twin.installed.values() for v in h.values()} == {"Applications/shop/2.0"}
    assert in_line(world)


@pytest.mark.parametrize("watched", [True, False])
def test_a_task_of_ours_yields_to_a_release_that_somebody_starts_beside_it(watched: bool) -> None:
    world = serving(1)
    world.group.scale(2)
    world.twin.task_seconds = 100

    def person(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("POST", "after") and path.endswith("/start"):
            world.twin.faults.clear()
            world.twin.person_deploys(world.twin.package("shop", "2.0"), ENVIRONMENT)

    if watched:
        world.twin.faults.append(person)
        world.reconcile()
    else:
        # Nobody looks while the release comes and goes.
        world.reconcile(budget=30)
        world.twin.task_seconds = 1
        release(world, "shop", "2.0")
    while world.reconcile("reconciler") is Outcome.CONTINUED:
        pass
    assert world.twin.items[SHOP]["version"] == "Applications/shop/2.0"
    assert {v for h in world.twin.installed.values() for v in h.values()} == {"Applications/shop/2.0"}
    assert in_line(world)


@pytest.mark.parametrize("begins", ["beside our task", "after it has failed"])
@pytest.mark.parametrize("lock", ["none", "kept by a failed task", "given back by a failed task"])
def test_a_release_that_fails_like_our_task_while_nobody_looks_is_lost_without_a_lock_that_is_kept(
    lock: str, begins: str
) -> None:
    """What the person has installed on a host of ours is recorded as ours when ours is cancelled last."""
    world = serving(2)
    world.twin.task_seconds, world.twin.lock_kept = 100, lock == "kept by a failed task"
    if lock != "none":
        world.twin.items[ENVIRONMENT]["allowConcurrentDeployments"] = False
    world.group.scale(4)
    world.twin.sick.add(world.config.host_id(max(world.group.instances)))
    world.reconcile(budget=30)  # and its function is killed
    if begins == "after it has failed":
        world.clock.sleep(100)
    theirs = world.twin.person_deploys(world.twin.package("shop", "2.0"), ENVIRONMENT)
    world.clock.sleep(101)
    world.twin.settle_tasks()
    world.twin._cancel(world.twin.tasks[theirs])
    world.twin.sick.clear()
    for _ in range(4):
        with_retries(world)
    assert world.twin.items[SHOP]["version"] == "Applications/shop/1.0"
    assert in_line(world)
    wrong = {
        host
        for host, installed in world.twin.installed.items()
        if installed.get("shop-file", "").endswith("/2.0")
    }
    open_to_loss = {"none": True, "given back by a failed task": begins == "after it has failed"}
    assert bool(wrong) is open_to_loss.get(lock, False)


def test_a_task_that_waits_for_deploys_lock_does_not_undo_the_release_that_held_it() -> None:
    world = serving(1)
    world.twin.items[ENVIRONMENT]["allowConcurrentDeployments"] = False
    world.twin.task_seconds = 30
    world.group.scale(2)

    def person(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("POST", "before") and path.endswith("/start"):
            world.twin.faults.clear()
            world.twin.person_deploys(world.twin.package("shop", "2.0"), ENVIRONMENT)

    world.twin.faults.append(person)
    world.reconcile()
    assert world.twin.beside == []
    assert world.report.metrics["LocksAwaited"] >= 1
    assert world.twin.items[SHOP]["version"] == "Applications/shop/2.0"
    assert {v for h in world.twin.installed.values() for v in h.values()} == {"Applications/shop/2.0"}
    assert in_line(world)


def test_members_that_somebody_adds_meanwhile_are_kept() -> None:
    world = serving(1)
    world.twin.put("Infrastructure/people/new", "overthere.SshHost")
    world.group.scale(2)

    def person(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("PUT", "before") and path.endswith(ENVIRONMENT):
            world.twin.faults.clear()
            item = world.twin.items[ENVIRONMENT]
            members = [*item["members"], "Infrastructure/people/new"]
            world.twin.items[ENVIRONMENT] = world.twin._stored({**item, "members": members})

    world.twin.faults.append(person)
    world.reconcile()
    assert "Infrastructure/people/new" in world.twin.members(ENVIRONMENT)
    assert world.joined() == set(world.group.instances)


def test_hosts_that_people_edit_keep_their_edits() -> None:
    world = serving(1)
    host = world.config.host_id(next(iter(world.group.instances)))
    world.twin.items[host]["username"] = "changed"
    world.twin.items[TEMPLATE]["username"] = "new"
    world.group.scale(2)
    world.reconcile()
    assert world.twin.items[host]["username"] == "changed"
    assert world.twin.items[world.config.host_id(max(world.group.instances))]["username"] == "new"


def test_a_host_that_a_person_has_renamed_is_hers_and_is_not_made_again() -> None:
    world = serving(2)
    instance_id = min(world.group.instances)
    old, new = world.config.host_id(instance_id), f"{world.config.infrastructure}/under investigation"
    world.twin.items[new] = world.twin.items.pop(old) | {"id": new}
    world.twin.items[ENVIRONMENT]["members"] = [
        new if member == old else member for member in world.twin.members(ENVIRONMENT)
    ]
    world.twin.items[SHOP]["deployeds"] = [d.replace(old, new) for d in world.twin.items[SHOP]["deployeds"]]
    assert world.reconcile() is Outcome.UNCHANGED
    assert world.hosts() == set(world.group.instances) - {instance_id}
    assert new in world.twin.members(ENVIRONMENT)
    assert world.report.metrics["HostsRenamed"] == 1


@pytest.mark.parametrize(
    ("template", "host", "differs"),
    [
        ("ec2-user", "EC2-User", True),
        ("ec2-user", None, True),
        (22, "22", False),
        (True, "true", False),
        (["b", "a"], ["a", "b"], False),
        ("", None, False),
    ],
)
def test_a_difference_is_one_of_meaning_not_of_writing(template: object, host: object, differs: bool) -> None:
    known = {"p": Property("p", "STRING", False)}
    assert bool(drift({"id": "t", "p": template}, [{"id": "h", "p": host}], known)) is differs


def test_an_operator_learns_which_hosts_differ_from_the_template() -> None:
    world = serving(2)
    world.twin.items[TEMPLATE]["username"] = "new"
    world.reconcile("operator")
    differing = [fields["host"] for message, fields in world.report.lines if "differs" in message]
    assert set(differing) == {world.config.host_id(i) for i in world.group.instances}
    assert world.report.metrics["HostsDrifted"] == 2


def test_a_task_that_finds_deploys_lock_taken_goes_on_when_it_is_free() -> None:
    world = serving(1)
    world.group.scale(2)
    world.twin.locked_until = world.clock.now() + 30
    assert world.reconcile() is Outcome.CHANGED
    assert in_line(world)
    assert world.report.metrics["LocksAwaited"] >= 1


def test_a_missing_environment_is_an_alarm_and_instances_wait_until_it_is_back() -> None:
    world = serving(1)
    renamed = world.twin.items.pop(ENVIRONMENT)
    world.group.scale(2)
    with pytest.raises(Retry):
        world.reconcile()
    assert world.report.metrics["EnvironmentsMissing"] >= 1
    assert "Pending:Wait" in world.states().values()
    world.twin.items[ENVIRONMENT] = renamed
    world.reconcile()
    assert in_line(world)


@pytest.mark.parametrize("seen", [True, False], ids=["before our look", "after our look"])
def test_a_release_that_somebody_cancelled_half_way_stays_as_it_is_on_peoples_hosts(seen: bool) -> None:
    world = World()
    world.twin.items[ENVIRONMENT]["members"] = [FOREIGN]
    world.group.scale(2)
    world.reconcile()
    release(world, "shop", "1.0")
    world.reconcile()
    world.twin.backwards = True  # the database before the group's hosts
    sick = world.config.host_id(max(world.group.instances))
    world.twin.sick.add(sick)

    def half_way() -> None:
        failed = release(world, "shop", "2.0")
        world.twin._cancel(world.twin.tasks[failed])

    def person(method: str, path: str, phase: str) -> None:
        if (method, path, phase) == ("POST", "/deployment", "after"):
            world.twin.faults.clear()
            half_way()

    if seen:
        half_way()
    else:
        world.twin.faults.append(person)
    world.group.scale(3)
    world.reconcile()
    assert world.twin.items[SHOP]["version"] == "Applications/shop/1.0"
    assert world.twin.items[f"{FOREIGN}/shop-file"]["deployable"] == "Applications/shop/2.0/shop-file"
    assert world.twin.installed[FOREIGN] == {"shop-file": "Applications/shop/2.0"}
    assert world.twin.installed[world.config.host_id(max(world.group.instances))] == {
        "shop-file": "Applications/shop/1.0"
    }


def test_the_same_name_in_another_region_is_another_group() -> None:
    world = serving(1)
    elsewhere = "Infrastructure/aws/123456789012/eu-west-1/web/web-i-0abc"
    world.twin.put(elsewhere, "overthere.SshHost")
    world.twin.items[ENVIRONMENT]["members"].append(elsewhere)
    world.group.scale(0)
    world.reconcile()
    assert elsewhere in world.twin.items
    assert elsewhere in world.twin.members(ENVIRONMENT)


def test_an_undeploy_after_a_scale_to_zero_is_respected() -> None:
    world = serving(2)
    world.group.scale(0)
    world.reconcile()
    world.twin.person_undeploys(SHOP)
    world.clock.sleep(5)
    world.twin.settle_tasks()
    world.group.scale(2)
    world.reconcile()
    assert SHOP not in world.twin.items
    assert set(world.states().values()) == {"InService"}


def test_a_task_that_is_waited_for_is_told_once_a_run() -> None:
    world = serving(1)
    world.twin.task_seconds = 150
    task = world.twin.person_deploys(world.twin.package("shop", "2.0"), ENVIRONMENT)
    world.group.scale(2)
    for run in (1, 2):
        assert world.reconcile() is Outcome.CONTINUED
        told = [fields["tasks"] for line, fields in world.report.lines if line == "waiting for others"]
        assert told == [[f"{task} of amy"]] * run
        assert world.report.metrics["TasksAwaited"] == run


def test_a_task_of_ours_that_somebody_stops_is_not_taken_for_one_that_waits_for_a_lock() -> None:
    world = serving(1, "clock")
    world.group.scale(2)
    world.twin.task_seconds = 20
    started: list[str] = []

    def fault(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("POST", "after") and path.endswith("/start"):
            started.append(path)
            world.twin.tasks[path.split("/")[-2]].state = "STOPPED"

    world.twin.faults.append(fault)
    with pytest.raises(Retry, match="clock: task stopped"):
        world.reconcile()
    assert len(started) == 1
    assert "LocksAwaited" not in world.report.metrics
    world.twin.faults.clear()
    world.reconcile()
    assert in_line(world)
