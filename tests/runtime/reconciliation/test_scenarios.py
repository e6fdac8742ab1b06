"""One named history for each thing that is known to go wrong between scaling and deploying."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from runtime.deploy.errors import (
    DeployError,
    Forbidden,
    Refused,
    Unauthorized,
    Unavailable,
    Unlicensed,
    Unreachable,
)
from runtime.reconciliation.config import Hooks
from runtime.reconciliation.errors import Fatal, Retry
from runtime.reconciliation.hint import Hint
from runtime.reconciliation.reconciler import Outcome
from tests.runtime.twins.world import ENVIRONMENT, FOREIGN, TEMPLATE, World, config

SHOP = f"{ENVIRONMENT}/shop"


class Killed(BaseException):
    """The function's process ends."""


def serving(instances: int = 1, *applications: str, **changes: object) -> World:
    """Return a world in which applications are deployed and everything is in line."""
    world = World(config(**changes))
    world.group.scale(instances)
    world.reconcile()
    for application in applications or ("shop",):
        release(world, application, "1.0")
    world.reconcile()
    return world


def release(world: World, application: str, version: str) -> str:
    """Release as a person does, and let it end."""
    task = world.twin.person_deploys(world.twin.package(application, version), ENVIRONMENT)
    world.clock.sleep(world.twin.task_seconds + 1)
    world.twin.settle_tasks()
    return task


def in_line(world: World) -> bool:
    """Tell whether every instance is in service with everything, and nothing else is there."""
    expected = {
        f"{world.config.host_id(i)}/{item['id'].rpartition('/')[2]}-file"
        for i in world.group.instances
        for item in world.twin.items.values()
        if item["type"] == "udm.DeployedApplication"
    }
    deployeds = {
        d
        for item in world.twin.items.values()
        if item["type"] == "udm.DeployedApplication"
        for d in item["deployeds"]
    }
    return (
        set(world.states().values()) <= {"InService"}
        and world.hosts() == world.joined() == set(world.group.instances)
        and deployeds == expected
    )


def installs(world: World, owner: str = "reconciler") -> list[str]:
    """Return the hosts on which our tasks have installed something, with repetitions."""
    return [
        step.deployed
        for task in world.twin.tasks.values()
        if task.owner == owner
        for step in task.steps
        if step.kind == "install" and step.state == "DONE"
    ]


# --- coalescing ---


def test_six_hundred_events_are_one_plan() -> None:
    world = serving(1)
    world.group.scale(600)
    sent = world.clock.now()
    tasks = len(world.twin.tasks)
    world.clock.restart()
    outcomes = [
        world.reconciler().reconcile(world.config, Hint(sent, frozenset({"aws.autoscaling"}), backlog=True))
        for _ in range(60)
    ]
    assert outcomes == [Outcome.CHANGED] + [Outcome.SUPERSEDED] * 59
    assert len(world.twin.tasks) == tasks + 1
    assert in_line(world)


def test_a_hint_sent_after_the_last_look_is_never_superseded() -> None:
    world = serving(1)
    world.group.scale(2)
    assert world.reconcile() is Outcome.CHANGED
    world.group.scale(3)
    assert world.reconcile() is Outcome.CHANGED
    assert in_line(world)


def test_an_operators_hint_is_not_superseded_by_a_look_that_did_not_know_of_it() -> None:
    world = serving(1)
    world.twin.items[TEMPLATE]["username"] = "new"
    sent = world.clock.now()
    world.clock.sleep(5)
    world.clock.restart()
    world.reconciler().reconcile(world.config, Hint(world.clock.now(), backlog=True))
    assert world.reconciler().reconcile(world.config, Hint(sent)) is Outcome.SUPERSEDED
    outcome = world.reconciler().reconcile(world.config, Hint(sent, frozenset({"operator"})))
    assert outcome is Outcome.UNCHANGED
    assert world.report.metrics["HostsDrifted"] == 1


def test_a_run_that_failed_supersedes_nothing() -> None:
    world = serving(1)
    world.group.scale(2)
    world.twin.faults.append(lambda method, path, phase: fail(Unavailable(method, path, 503, phase)))
    sent = world.clock.now()
    with pytest.raises(Retry):
        world.reconcile()
    world.twin.faults.clear()
    world.clock.sleep(100)
    world.clock.restart()
    assert world.reconciler().reconcile(world.config, Hint(sent)) is Outcome.CHANGED


def fail(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("state", ["PENDING", "FAILED", "STOPPED"])
def test_a_task_of_a_lost_run_that_a_release_has_overtaken_holds_nothing_up(state: str) -> None:
    world = serving(1)
    world.group.scale(2)
    world.twin.broken.add("Applications/shop/1.0")

    def killed(_method: str, path: str, phase: str) -> None:
        started = path.endswith("/start")
        if started and phase == ("before" if state == "PENDING" else "after"):
            raise Killed

    world.twin.faults.append(killed)
    with pytest.raises(Killed):
        world.reconcile()
    world.twin.faults.clear()
    world.clock.sleep(60)
    world.twin.settle_tasks()
    (ours,) = (t for t in world.twin.tasks.values() if t.owner == "reconciler" and t.state != "DONE")
    if state == "STOPPED":
        ours.state = state
    assert ours.state == state
    release(world, "shop", "2.0")
    world.ledger.lose()
    world.reconcile("schedule")
    left = {task.state for task in world.twin.tasks.values() if task.owner == "reconciler"}
    assert left <= {"DONE", "CANCELLED"}
    assert in_line(world)


def test_a_lost_ledger_costs_a_look_and_no_task() -> None:
    world = serving(3, "shop", "search")
    tasks = len(world.twin.tasks)
    world.ledger.lose()
    assert world.reconcile() is Outcome.UNCHANGED
    assert len(world.twin.tasks) == tasks
    assert in_line(world)
    calls = len(world.twin.calls)
    world.reconcile()
    assert len(world.twin.calls) == calls + 3


# --- long work, death of the handler ---


def test_a_task_longer_than_the_function_is_one_task() -> None:
    world = serving(1)
    world.twin.task_seconds = 300
    world.group.scale(2)
    tasks = len(world.twin.tasks)
    outcomes = [world.reconcile(budget=60)]
    while outcomes[-1] is Outcome.CONTINUED:
        world.clock.sleep(30)
        outcomes.append(world.reconcile("reconciler", budget=60))
    assert len(outcomes) > 3
    assert len(world.queue.hints) == len(outcomes) - 1
    assert len(world.twin.tasks) == tasks + 1
    assert world.group.beats
    assert in_line(world)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("forgetful", [False, True])
def test_a_handler_killed_at_any_call_resumes_without_double_work(phase: str, forgetful: bool) -> None:
    for number in range(60):
        world = serving(2, "shop", "search")
        world.group.scale(4)
        world.group.terminate(min(world.group.instances))
        seen = 0

        def kill(method: str, path: str, now: str, number: int = number) -> None:
            nonlocal seen
            del method, path
            seen += now == phase
            if now == phase and seen == number + 1:
                raise Killed

        world.twin.faults.append(kill)
        try:
            world.reconcile()
        except Killed:
            world.twin.faults.clear()
            if forgetful:
                world.ledger.lose()
            world.reconcile()
        else:
            break
        while not in_line(world):
            world.clock.sleep(60)
            world.reconcile("schedule")
        assert len(installs(world)) == len(set(installs(world))), f"killed at call {number}"
        started = [t for t in world.twin.tasks.values() if t.state not in {"PENDING", "CANCELLED"}]
        assert not [t for t in started if t.state == "EXECUTING"]
    assert number > 20


def test_a_create_whose_answer_is_lost_is_not_made_again() -> None:
    world = serving(1)
    world.group.scale(2)
    tasks = len(world.twin.tasks)

    def cut(method: str, path: str, phase: str) -> None:
        if (method, path, phase) == ("POST", "/deployment", "after"):
            world.twin.faults.clear()
            raise Unreachable(method, path, None, "cut")

    world.twin.faults.append(cut)
    assert world.reconcile() is Outcome.CHANGED
    assert len(world.twin.tasks) == tasks + 1
    assert in_line(world)


# --- other people ---


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


# --- leaving ---


def test_without_the_right_to_skip_steps_a_dead_host_is_edited_out() -> None:
    world = serving(3)
    world.twin.skippable = False
    world.group.die(min(world.group.instances))
    world.group.converge()
    for _ in range(3):
        world.reconcile()
    assert in_line(world)
    assert [t.state for t in world.twin.tasks.values() if t.state == "FAILED"] == []


def test_a_machine_that_dies_while_it_is_undeployed_is_forgotten() -> None:
    world = serving(2)
    leaving = min(world.group.instances)
    world.group.terminate(leaving)
    world.group.desired = 1

    def die(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("POST", "after") and path.endswith("/start"):
            world.twin.faults.clear()
            world.group.instances[leaving].state = "terminated"

    world.twin.faults.append(die)
    world.reconcile()
    assert world.hosts() == world.joined() == set(world.group.instances) - {leaving}


def test_a_machine_that_dies_under_its_deployment_is_not_held_against_the_version() -> None:
    world = serving(1)
    world.group.scale(3)
    victim = max(world.group.instances)

    def die(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("POST", "after") and path.endswith("/start"):
            world.twin.faults.clear()
            world.group.die(victim)
            world.group.converge()

    world.twin.faults.append(die)
    world.reconcile()
    world.reconcile()
    assert in_line(world)
    assert len(world.group.instances) == 3
    assert "InstancesAbandoned" not in world.report.metrics


def test_a_host_that_something_else_refers_to_is_held_and_named() -> None:
    world = serving(2)
    host = world.config.host_id(min(world.group.instances))
    world.twin.put("Environments/people", "udm.Environment", members=[host])
    world.group.terminate(min(world.group.instances))
    world.group.desired = 1
    world.reconcile()
    assert host in world.twin.items
    assert host not in world.twin.members(ENVIRONMENT)
    assert world.report.metrics["RemovalsHeld"] == 1
    world.twin.items["Environments/people"]["members"] = []
    world.reconcile("schedule")
    assert host not in world.twin.items


# --- failures ---


def test_one_sick_machine_does_not_keep_the_others_out() -> None:
    world = serving(1)
    world.group.scale(4)
    sick = sorted(world.group.instances)[2]
    world.twin.sick.add(world.config.host_id(sick))
    world.reconcile()
    world.reconcile()
    assert sick not in world.group.instances
    assert len(world.group.instances) == 4
    assert in_line(world)
    assert [c for c in world.group.completions if c[2] == "ABANDON"] == [(sick, "deploy", "ABANDON")]


def test_the_breaker_opens_after_three_failures_and_closes_with_a_new_version() -> None:
    world = serving(1)
    world.twin.broken.add("Applications/shop/1.0")
    world.group.scale(2)
    for _ in range(6):
        with_retries(world)
    abandoned = [c for c in world.group.completions if c[2] == "ABANDON"]
    assert len(abandoned) == 2
    assert sorted(world.states().values()) == ["InService", "Pending:Wait"]
    assert world.report.metrics["BreakersOpen"] >= 1
    kept = max(world.group.instances)
    release(world, "shop", "2.0")
    world.reconcile()
    assert kept in world.group.instances
    assert in_line(world)


def test_an_operator_closes_the_breaker() -> None:
    world = serving(1)
    world.twin.broken.add("Applications/shop/1.0")
    world.group.scale(2)
    for _ in range(4):
        with_retries(world)
    world.twin.broken.clear()
    world.reconcile("operator")
    assert in_line(world)


def test_a_success_closes_the_breaker() -> None:
    world = serving(1)
    world.twin.broken.add("Applications/shop/1.0")
    world.group.scale(2)
    for _ in range(4):
        with_retries(world)
    world.twin.broken.clear()
    world.clock.sleep(3600 / 2)
    world.reconcile("schedule")
    assert in_line(world)
    world.report.metrics.clear()
    world.reconcile()
    assert "BreakersOpen" not in world.report.metrics


def with_retries(world: World) -> None:
    try:
        world.reconcile()
    except Retry as retry:
        world.clock.sleep(retry.after or 5)


def test_a_machine_that_is_still_starting_is_tried_again_and_not_abandoned() -> None:
    world = serving(1)
    world.group.scale(2)
    young = max(world.group.instances)
    world.group.instances[young].launched = world.clock.now()
    world.twin.deaf.add(world.config.host_id(young))
    assert world.reconcile() is Outcome.CONTINUED
    world.twin.deaf.clear()
    world.clock.sleep(15)
    world.reconcile()
    assert in_line(world)
    assert [c[2] for c in world.group.completions] == ["CONTINUE", "CONTINUE"]


@pytest.mark.parametrize(
    ("error", "ending", "text"),
    [
        (Unauthorized("GET", "/x", 401, ""), Fatal, "check the secret"),
        (Unlicensed("GET", "/x", 402, ""), Fatal, "licence"),
        (Forbidden("GET", "/x", 403, "You do not have repo#edit"), Fatal, "repo#edit"),
        (Unavailable("GET", "/x", 503, "maintenance"), Retry, "maintenance"),
        (Unreachable("GET", "/x", None, "Connection refused"), Retry, "Connection refused"),
        (Refused("GET", "/x", 500, "odd"), Retry, "odd"),
    ],
)
def test_troubles_end_by_what_to_do_about_them(
    error: DeployError, ending: type[Exception], text: str
) -> None:
    world = serving(1)
    world.twin.faults.append(lambda *_: fail(error))
    with pytest.raises(ending, match=re.escape(text)):
        world.reconcile()


def test_a_maintenance_that_refuses_starts_is_waited_out() -> None:
    world = serving(1)
    world.group.scale(2)

    def maintenance(method: str, path: str, phase: str) -> None:
        if path.endswith("/start") and phase == "before":
            raise Unavailable(method, path, 503, "maintenance")

    world.twin.faults.append(maintenance)
    for _ in range(3):
        with pytest.raises(Retry):
            world.reconcile()
    world.twin.faults.clear()
    world.reconcile()
    assert in_line(world)


def test_one_application_that_does_not_validate_does_not_keep_the_others_out() -> None:
    world = serving(1, "broken", "shop")
    world.group.scale(2)
    world.twin.invalid.add(f"{ENVIRONMENT}/broken")
    with pytest.raises(Retry, match="does not validate"):
        world.reconcile()
    assert len(world.twin.deployeds(SHOP)) == 2
    assert "Pending:Wait" in world.states().values()
    world.twin.invalid.clear()
    world.reconcile()
    assert in_line(world)


def test_what_does_not_validate_keeps_no_host_from_leaving() -> None:
    world = serving(2)
    world.twin.invalid.add(SHOP)
    world.group.scale(1)
    world.reconcile()
    assert in_line(world)


def test_a_declared_order_is_kept_and_the_rest_runs_side_by_side() -> None:
    world = serving(1, "a", "b", "base")
    world.config = replace(world.config, order=("base",))
    world.group.scale(2)
    made = len(world.twin.tasks)
    world.reconcile()
    times = {t.application.rpartition("/")[2]: t.done_at for t in list(world.twin.tasks.values())[made:]}
    assert times["base"] < times["a"] == times["b"]


@pytest.mark.parametrize("on_failure", ["ABANDON", "CONTINUE"])
def test_where_a_declared_application_fails_the_others_are_not_tried(on_failure: str) -> None:
    world = serving(1, "base", "shop", order=("base",), on_failure=on_failure)
    world.twin.broken.add("Applications/base/1.0")
    made = len(world.twin.tasks)
    world.group.scale(2)
    with_retries(world)
    tried = {task.application.rpartition("/")[2] for task in list(world.twin.tasks.values())[made:]}
    assert tried == {"base"}
    world.twin.broken.clear()
    world.reconcile("operator")
    world.group.converge()
    world.reconcile()
    assert in_line(world)


# --- gates ---


def test_an_expired_hook_is_an_alarm_and_the_replacement_is_served() -> None:
    world = serving(1, hooks=Hooks("deploy", "undeploy", 100))
    world.group.hook_seconds = 100
    world.group.scale(2)
    world.twin.task_seconds = 1000
    world.reconcile(budget=30)
    expired = max(world.group.instances)
    world.clock.sleep(150)
    world.group.converge()
    assert expired not in world.group.instances
    world.reconcile(budget=30)
    assert world.report.metrics["HooksExpired"] == 1
    world.twin.task_seconds = 1
    for _ in range(4):
        world.clock.sleep(300)
        world.reconcile("schedule")
        world.group.hook_seconds = 3600
        world.group.converge()
    assert in_line(world)


@pytest.mark.parametrize("result", ["ABANDON", "CONTINUE"])
@pytest.mark.parametrize(("timeout", "limit"), [(360, 10 * 3600), (7200, 48 * 3600)])
def test_a_wait_at_aws_upper_limit_ends_by_aws_rule_and_is_an_alarm_once(
    result: str, timeout: float, limit: float
) -> None:
    world = serving(2, hooks=Hooks("deploy", "undeploy", timeout))
    world.group.hook_seconds, world.group.default_result = timeout, result
    world.twin.broken.add("Applications/shop/2.0")
    failed = release(world, "shop", "2.0")
    leaving = min(world.group.instances)
    world.group.terminate(leaving)  # and another one is launched
    world.group.converge()
    waiting = max(world.group.instances)
    begin = world.clock.now()
    while world.states().get(waiting) == "Pending:Wait":
        assert world.reconcile("schedule") is Outcome.CONTINUED
        assert "HooksExpired" not in world.report.metrics
        world.clock.sleep(timeout / 2)
        world.group.converge()
    assert limit <= world.clock.now() - begin < limit + timeout
    assert leaving not in world.group.instances
    for _ in range(2):
        world.reconcile("schedule")
        # The replacement of an abandoned launch waits anew, and does not count.
        assert world.report.metrics["HooksExpired"] == 2
        world.group.converge()
    world.twin._cancel(world.twin.tasks[failed])
    world.reconcile("schedule")
    assert in_line(world)
    assert (waiting in world.group.instances) is (result == "CONTINUE")
    assert world.report.metrics["HooksExpired"] == 2
    ended = [(instance, hook) for instance, hook, _ in world.group.completions]
    assert len(ended) == len(set(ended))
    assert world.group.refused == []


def test_a_wait_that_somebody_ends_otherwise_is_no_expired_hook() -> None:
    world = serving(1, hooks=Hooks("deploy", "undeploy", 3600))
    world.twin.task_seconds = 300
    world.group.scale(3)
    world.reconcile(budget=60)
    world.group.scale(2)
    world.group.die(max(world.group.instances))
    world.group.converge()
    while world.reconcile("schedule") is Outcome.CONTINUED:
        pass
    assert in_line(world)
    assert "HooksExpired" not in world.report.metrics


def test_heartbeats_keep_an_instance_while_somebody_else_deploys() -> None:
    world = serving(1)
    world.group.hook_seconds = 200
    world.twin.task_seconds = 1500
    world.twin.person_deploys(world.twin.package("shop", "2.0"), ENVIRONMENT)
    world.group.scale(2)
    waiting = max(world.group.instances)
    while world.reconcile() is Outcome.CONTINUED:
        world.group.converge()
    assert waiting in world.group.instances
    assert world.twin.beside == []
    assert in_line(world)


def test_heartbeats_keep_an_instance_while_deploy_is_away() -> None:
    world = serving(1)
    world.group.hook_seconds = 200
    world.group.scale(2)
    waiting = max(world.group.instances)

    def away(method: str, path: str, _phase: str) -> None:
        raise Unreachable(method, path, None, "Connection refused")

    world.twin.faults.append(away)
    for _ in range(10):
        with pytest.raises(Retry):
            world.reconcile("schedule")
        world.clock.sleep(100)
        world.group.converge()
    assert waiting in world.group.instances
    world.twin.faults.clear()
    world.reconcile("schedule")
    assert in_line(world)


def test_a_warm_pool_is_registered_on_entry_and_served_on_leaving_it() -> None:
    world = serving(1)
    warm = world.group.launch()
    world.group.instances[warm].lifecycle = "Warmed:Pending:Wait"
    world.reconcile()
    assert warm in world.hosts()
    assert warm not in world.joined()
    assert world.states()[warm] == "Warmed:Stopped"
    release(world, "shop", "2.0")
    world.reconcile()
    assert not any(warm in d for d in world.twin.deployeds(SHOP))
    world.group.instances[warm].lifecycle, world.group.instances[warm].state = "Pending:Wait", "running"
    world.group.desired = 2
    world.reconcile()
    assert in_line(world)
    assert world.twin.installed[world.config.host_id(warm)] == {"shop-file": "Applications/shop/2.0"}


def test_a_return_to_the_warm_pool_undeploys_and_keeps_the_host() -> None:
    world = serving(2)
    back = min(world.group.instances)
    world.group.instances[back].lifecycle = "Warmed:Pending:Wait"
    world.group.desired = 1
    world.reconcile()
    assert back in world.hosts()
    assert back not in world.joined()
    assert world.twin.installed[world.config.host_id(back)] == {}
    assert world.states()[back] == "Warmed:Stopped"


def test_a_detached_instance_is_left_as_it_is_and_forgotten() -> None:
    world = serving(2)
    detached = min(world.group.instances)
    world.group.terminated[detached] = world.group.instances.pop(detached)
    world.group.desired = 1
    world.reconcile()
    assert world.hosts() == world.joined() == set(world.group.instances)
    assert world.twin.installed[world.config.host_id(detached)] == {"shop-file": "Applications/shop/1.0"}


def test_an_attached_instance_is_served_like_any_other() -> None:
    world = serving(1)
    attached = world.group.launch()
    world.group.instances[attached].lifecycle = "InService"
    world.group.desired = 2
    world.reconcile()
    assert in_line(world)


def test_what_aws_refuses_for_a_while_is_done_later() -> None:
    world = serving(1)
    world.group.scale(3)

    def throttle(name: str) -> None:
        if name == "complete":
            raise RuntimeError("Throttling")

    world.group.faults.append(throttle)
    with pytest.raises(RuntimeError):
        world.reconcile()
    world.group.faults.clear()
    world.reconcile()
    assert in_line(world)
    assert len(installs(world)) == 2


@pytest.mark.parametrize("call", ["complete", "heartbeat"])
def test_what_aws_refuses_for_one_instance_is_done_for_the_others_and_only_once(call: str) -> None:
    world = serving(1)
    world.group.scale(4)
    if call == "heartbeat":
        world.twin.task_seconds = 70
    refusals = iter([RuntimeError("Throttling")])

    def throttle(name: str) -> None:
        if name == call:
            for refusal in refusals:
                raise refusal

    world.group.faults.append(throttle)
    with pytest.raises(RuntimeError):
        world.reconcile()
    done = world.group.beats if call == "heartbeat" else [i for i, *_ in world.group.completions[1:]]
    assert len(done) == len(set(done)) == 2
    world.reconcile()
    assert in_line(world)
    assert world.group.refused == []
    assert len(world.group.beats) == len(set(world.group.beats)) == (3 if call == "heartbeat" else 0)


# --- several groups ---


def test_the_same_name_in_another_region_is_another_group() -> None:
    world = serving(1)
    elsewhere = "Infrastructure/aws/123456789012/eu-west-1/web/web-i-0abc"
    world.twin.put(elsewhere, "overthere.SshHost")
    world.twin.items[ENVIRONMENT]["members"].append(elsewhere)
    world.group.scale(0)
    world.reconcile()
    assert elsewhere in world.twin.items
    assert elsewhere in world.twin.members(ENVIRONMENT)


def test_schedules_that_repair_something_say_so() -> None:
    world = serving(1)
    world.group.scale(2)
    world.reconcile("schedule")
    assert world.report.metrics["ScheduleRepairs"] == 1
    world.reconcile("schedule")
    assert world.report.metrics["ScheduleRepairs"] == 1


def test_the_story_of_an_instance_is_kept() -> None:
    world = serving(1)
    world.group.scale(2)
    world.reconcile()
    instance_id = max(world.group.instances)
    world.group.scale(0)
    world.reconcile()
    assert [(event, detail) for i, event, detail in world.ledger.notes if i == instance_id] == [
        ("seen", "Pending:Wait without a host"),
        ("registered", world.config.host_id(instance_id)),
        ("deployed", "Applications/shop/1.0"),
        ("continue", "every application is verified"),
        ("continue", "nothing is left on it"),
        ("removed", "Terminating:Wait"),
    ]


def test_memory_does_not_grow_with_the_instances_that_have_come_and_gone() -> None:
    world = serving(1)
    sizes = []
    for _ in range(5):
        world.group.scale(5)
        world.reconcile()
        world.group.scale(1)
        world.reconcile()
        world.reconcile("schedule")
        sizes.append(len(str(world.ledger.memories["web"])))
    assert max(sizes[1:]) - min(sizes[1:]) < 20


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
