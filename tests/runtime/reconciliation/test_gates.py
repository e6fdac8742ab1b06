"""Lifecycle hooks, heartbeats, warm pools, and instances that come and go by hand."""

from __future__ import annotations

import pytest

from runtime.deploy.errors import Unreachable
from runtime.reconciliation.config import Hooks
from runtime.reconciliation.errors import Retry
from runtime.reconciliation.reconciler import Outcome
from tests.runtime.reconciliation.scenarios import SHOP, in_line, installs, release, serving
from tests.runtime.twins.world import ENVIRONMENT


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
    # A failed run tries once more to keep those that wait.
    assert len(done) == len(set(done)) == (3 if call == "heartbeat" else 2)
    world.reconcile()
    assert in_line(world)
    assert world.group.refused == []
    assert len(world.group.beats) == len(set(world.group.beats)) == (3 if call == "heartbeat" else 1)
