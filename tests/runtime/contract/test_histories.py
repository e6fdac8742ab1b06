"""A few random histories through the real client, over HTTP, with steps over SSH."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdk_app.sandbox.deploy_server import Behaviour
from runtime.reconciliation.errors import Retry
from tests.runtime.twins.world import ENVIRONMENT

if TYPE_CHECKING:
    from tests.runtime.contract.conftest import Bench

ACTIONS = st.one_of(
    st.tuples(st.just("scale"), st.integers(0, 3)),
    st.tuples(st.just("die"), st.integers(0, 2)),
    st.tuples(st.just("release"), st.just(0)),
    st.tuples(st.just("lose the ledger"), st.just(0)),
    st.tuples(st.just("reconcile"), st.just(0)),
)


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(ACTIONS, min_size=4, max_size=8))
def test_deploy_equals_the_group_when_everything_has_calmed_down(
    bench: Bench, actions: list[tuple[str, int]]
) -> None:
    versions = len(bench.person.repository.query(ancestor="Applications", ci_type="udm.DeploymentPackage"))
    for action, number in actions:
        match action:
            case "scale":
                bench.group.scale(number)
            case "die" if number < len(bench.group.instances):
                victim = sorted(bench.group.instances)[number]
                bench.hosts.dead.add(bench.group.machines([victim])[victim].address)
                bench.group.die(victim)
                bench.group.converge()
            case "release" if bench.group.instances and not bench.group.terminated.keys() & living(bench):
                versions += 1
                bench.release(bench.package(f"{versions}.0", "a"))
            case "lose the ledger":
                bench.ledger.lose()
            case "reconcile":
                with contextlib.suppress(Retry):
                    bench.reconcile()
    for _ in range(4):
        with contextlib.suppress(Retry):
            bench.reconcile("schedule")
    assert bench.host_ids() == bench.members() == bench.expected_hosts()
    assert {i.lifecycle for i in bench.group.instances.values()} <= {"InService"}
    if bench.person.repository.exists(f"{ENVIRONMENT}/shop"):
        assert bench.deployeds() == {f"{host}/a" for host in bench.expected_hosts()}
    assert bench.deploy.tasks.open() == []


def living(bench: Bench) -> set[str]:
    """Return the instances that are members: a release onto a dead one would fail, as it should."""
    return {member.removeprefix(bench.config.host_prefix) for member in bench.members()}
