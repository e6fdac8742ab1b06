"""The reconciler against the twins: what Deploy and the group look like afterwards."""

from __future__ import annotations

import pytest

from runtime.reconciliation.config import Hooks
from runtime.reconciliation.errors import Fatal, Retry
from runtime.reconciliation.reconciler import Outcome
from tests.runtime.twins.world import ENVIRONMENT, FOREIGN, TEMPLATE, World, config


@pytest.fixture
def world() -> World:
    return World()


def settle(world: World) -> None:
    world.clock.sleep(5)
    world.twin.settle_tasks()


def test_nothing_to_do_costs_three_calls_and_changes_nothing(world: World) -> None:
    before = dict(world.twin.items)
    assert world.reconcile() is Outcome.UNCHANGED
    assert world.twin.items == before
    assert len(world.twin.calls) == 3
    assert world.group.calls == ["describe"]


def test_instances_become_members_and_are_released_at_once_when_nothing_is_deployed(world: World) -> None:
    world.group.scale(2)
    assert world.reconcile() is Outcome.CHANGED
    assert world.hosts() == world.joined() == set(world.group.instances)
    assert set(world.states().values()) == {"InService"}


def test_a_host_is_made_from_the_template_with_secrets_from_where_the_stack_keeps_them(world: World) -> None:
    world.group.scale(1)
    world.reconcile()
    (instance_id,) = world.group.instances
    host = world.twin.items[world.config.host_id(instance_id)]
    del host["$token"]
    assert host == {
        "id": f"{world.config.infrastructure}/web-{instance_id}",
        "type": "overthere.SshHost",
        "os": "UNIX",
        "connectionType": "SFTP",
        "username": "ec2-user",
        "tags": ["web"],
        "address": "10.0.0.1",
        "jumpstation": world.config.jumpstation,
        "privateKey": "value of /ec2/keypair/key-1",
    }


def test_new_hosts_get_every_application_in_one_task_each(world: World) -> None:
    world.group.scale(2)
    world.reconcile()
    for application in ("shop", "search"):
        world.twin.person_deploys(
            world.twin.package(application, "1.0", f"{application}-a", f"{application}-b"), ENVIRONMENT
        )
    settle(world)
    world.group.scale(5)
    made = len(world.twin.tasks)
    assert world.reconcile() is Outcome.CHANGED
    assert len(world.twin.tasks) == made + 2
    for application in ("shop", "search"):
        deployeds = world.twin.deployeds(f"{ENVIRONMENT}/{application}")
        assert deployeds == {
            f"{world.config.host_id(i)}/{application}-{name}" for i in world.group.instances for name in "ab"
        }
    assert {s.deployed.split("/")[-2] for t in list(world.twin.tasks.values())[made:] for s in t.steps} == {
        f"web-{i}" for i in list(world.group.instances)[2:]
    }
    assert set(world.states().values()) == {"InService"}


def test_foreign_members_stay_and_get_nothing_from_us(world: World) -> None:
    world.twin.items[ENVIRONMENT]["members"] = [FOREIGN]
    world.group.scale(1)
    world.reconcile()
    world.twin.person_deploys(world.twin.package("shop", "1.0"), ENVIRONMENT)
    settle(world)
    world.twin.put("Infrastructure/people/new", "overthere.SshHost")
    world.twin.items[ENVIRONMENT]["members"].append("Infrastructure/people/new")
    world.group.scale(2)
    world.reconcile()
    assert {FOREIGN, "Infrastructure/people/new"} <= world.twin.members(ENVIRONMENT)
    assert "Infrastructure/people/new" not in world.twin.installed
    assert world.twin.installed[FOREIGN] == {"shop-file": "Applications/shop/1.0"}


def test_leaving_hosts_are_undeployed_while_they_live_then_released_and_removed(world: World) -> None:
    world.group.scale(3)
    world.reconcile()
    world.twin.person_deploys(world.twin.package("shop", "1.0"), ENVIRONMENT)
    settle(world)
    world.group.scale(1)
    leaving = {i for i, state in world.states().items() if state == "Terminating:Wait"}
    assert world.reconcile() is Outcome.CHANGED
    assert world.hosts() == world.joined() == set(world.group.instances)
    assert not leaving & set(world.group.instances)
    for instance_id in leaving:
        assert world.twin.installed[world.config.host_id(instance_id)] == {}
        assert (instance_id, "undeploy", "CONTINUE") in world.group.completions


def test_a_dead_machine_is_removed_without_running_its_steps(world: World) -> None:
    world.group.scale(3)
    world.reconcile()
    world.twin.person_deploys(world.twin.package("shop", "1.0"), ENVIRONMENT)
    settle(world)
    victim = next(iter(world.group.instances))
    world.group.die(victim)
    world.group.converge()
    assert world.reconcile() is Outcome.CHANGED
    assert world.hosts() == world.joined() == set(world.group.instances)
    assert len(world.group.instances) == 3
    skipped = [s for t in world.twin.tasks.values() for s in t.steps if s.state == "SKIP"]
    assert [victim in step.deployed for step in skipped] == [True]


@pytest.mark.parametrize("zero", ["keep", "drop"])
def test_applications_come_back_after_zero(world: World, zero: str) -> None:
    world.twin.zero = zero
    world.group.scale(2)
    world.reconcile()
    for application in ("shop", "search"):
        world.twin.person_deploys(world.twin.package(application, "1.0"), ENVIRONMENT)
    settle(world)
    world.group.scale(0)
    world.reconcile()
    assert world.hosts() == set()
    assert world.group.instances == {}
    world.group.scale(2)
    world.reconcile()
    assert set(world.states().values()) == {"InService"}
    for application in ("shop", "search"):
        deployeds = world.twin.deployeds(f"{ENVIRONMENT}/{application}")
        assert deployeds == {f"{world.config.host_id(i)}/{application}-file" for i in world.group.instances}


def test_a_release_of_a_person_during_a_scale_out_ends_in_one_deployment_of_the_new_version(
    world: World,
) -> None:
    world.group.scale(1)
    world.reconcile()
    world.twin.person_deploys(world.twin.package("shop", "1.0"), ENVIRONMENT)
    settle(world)
    world.reconcile()
    world.group.scale(2)
    world.twin.person_deploys(world.twin.package("shop", "2.0"), ENVIRONMENT)
    assert world.reconcile() is Outcome.CHANGED
    assert world.twin.beside == []
    for instance_id in world.group.instances:
        assert world.twin.installed[world.config.host_id(instance_id)] == {
            "shop-file": "Applications/shop/2.0"
        }
    ours = [task for task in world.twin.tasks.values() if task.owner == "reconciler"]
    assert len(ours) == 1


def test_an_undeployed_application_is_not_brought_back(world: World) -> None:
    world.group.scale(1)
    world.reconcile()
    world.twin.person_deploys(world.twin.package("shop", "1.0"), ENVIRONMENT)
    settle(world)
    world.reconcile()
    world.twin.person_undeploys(f"{ENVIRONMENT}/shop")
    settle(world)
    world.group.scale(2)
    world.reconcile()
    assert f"{ENVIRONMENT}/shop" not in world.twin.items
    assert set(world.states().values()) == {"InService"}


def test_without_hooks_hosts_are_registered_and_deployed_all_the_same() -> None:
    world = World(config(hooks=Hooks()))
    world.group.scale(1)
    world.reconcile()
    world.twin.person_deploys(world.twin.package("shop", "1.0"), ENVIRONMENT)
    settle(world)
    world.group.scale(2)
    world.reconcile()
    assert world.hosts() == set(world.group.instances)
    assert len(world.twin.deployeds(f"{ENVIRONMENT}/shop")) == 2
    assert world.group.completions == []


def test_a_missing_group_removes_nothing(world: World) -> None:
    world.group.scale(2)
    world.reconcile()
    hosts = world.hosts()
    world.group.exists = False
    assert world.reconcile() is Outcome.UNCHANGED
    assert world.hosts() == hosts
    assert world.report.metrics["GroupsMissing"] == 1


def test_a_host_that_deploy_does_not_accept_is_named_with_deploys_words(world: World) -> None:
    world.group.scale(2)
    refused, accepted = map(world.config.host_id, world.group.instances)
    world.twin.unacceptable.add(refused)
    with pytest.raises(Retry, match=f"host {refused} was not accepted: .*not as we like it"):
        world.reconcile()
    assert accepted in world.twin.items
    world.twin.unacceptable.clear()
    world.reconcile()
    assert world.hosts() == world.joined() == set(world.group.instances)


def test_a_missing_template_says_what_is_missing(world: World) -> None:
    del world.twin.items[TEMPLATE]
    world.group.scale(1)
    with pytest.raises(Fatal, match=TEMPLATE):
        world.reconcile()
