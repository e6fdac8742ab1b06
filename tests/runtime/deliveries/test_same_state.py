"""The same events by the handler and by the endpoint end in the same repository."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from cdk_app.sandbox.deploy_server.repository.service import RepositoryService
from cdk_app.sandbox.deploy_server.repository.transaction import Transaction

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.repository.model import Draft
    from cdk_app.sandbox.deploy_server.repository.service import Stored
    from cdk_app.sandbox.deploy_server.security.model import User
    from tests.runtime.deliveries.conftest import Case

Row = Callable[["Case"], None]


def launch(case: Case) -> None:
    case.scale(2)


def launch_onto_an_application(case: Case) -> None:
    case.scale(1)
    case.release(case.package("1.0", "a", "b"))
    case.scale(3)


def duplicate(case: Case) -> None:
    launch_onto_an_application(case)
    case.deliver(*(case.event(i) for i in [*case.group.instances, *case.group.instances]))


def terminate(case: Case) -> None:
    launch_onto_an_application(case)
    case.scale(1)
    case.deliver(*(case.event(i, "Terminate") for i in case.group.terminated))


def terminate_with_dead_hosts(case: Case) -> None:
    """The machines are gone: no connection to them is even tried."""
    launch_onto_an_application(case)
    case.hosts.attempts.clear()
    case.scale(2)
    assert not case.hosts.dead & set(case.hosts.attempts)


def terminate_while_alive(case: Case) -> None:
    """Somebody's own hook holds the machine: it is undeployed over SSH."""
    launch_onto_an_application(case)
    victim = next(iter(case.group.instances))
    case.group.instances[victim].lifecycle = "Terminating:Wait"
    case.deliver({**case.event(victim), "detail-type": "EC2 Instance-terminate Lifecycle Action"})
    case.group.die(victim)
    case.deliver(case.event(victim, "Terminate"))


def reordered(case: Case) -> None:
    """The terminations arrive first; the launches of the same instances come late."""
    launch_onto_an_application(case)
    case.group.scale(5)
    gone = list(case.group.instances)[3:]
    for instance_id in gone:
        case.group.die(instance_id)
    case.deliver(*(case.event(i, "Terminate") for i in gone), *(case.event(i) for i in reversed(gone)))


def zero_and_back(case: Case) -> None:
    launch_onto_an_application(case)
    case.scale(0)
    case.scale(2)


def a_second_application(case: Case) -> None:
    case.scale(1)
    case.release(case.package("0.9", "a"))
    case.release(case.package("3.1", "c", application="stock"))
    case.release(case.package("2.0", "a", "b"))
    case.scale(2)


def conflict(case: Case) -> None:
    """A person writes the environment between every read of ours and the write that follows."""
    case.scale(1)
    case.release(case.package("0.9", "a"))
    written: list[str] = []
    update = RepositoryService.update

    def overtaken(self: RepositoryService, user: User, draft: Draft) -> Stored:
        if draft.id == case.config.environment and user.name != "admin" and len(written) < 3:
            written.append(user.name)
            item = self.repository.get(draft.id)
            transaction = Transaction(self.repository, "admin")
            members = item.properties.get("members", ())
            properties = {"members": [*members], "tags": [f"{len(written)}"]}  # type: ignore[misc] # a tuple of ids
            transaction.update(type(draft)(draft.id, draft.type, properties))
            transaction.commit()
        return update(self, user, draft)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RepositoryService, "update", overtaken)
        case.scale(2)
    assert len(written) == 3


def unknown(case: Case) -> None:
    """Neither another group's event nor one of another type changes anything."""
    case.scale(1)
    (instance,) = case.group.instances
    event = case.event(instance)
    case.group.scale(2)
    other = {**event["detail"], "AutoScalingGroupName": "nobody"}
    before = case.state()
    for wrong in ({**event, "detail": other}, {**event, "detail-type": "EC2 Instance Launch Unsuccessful"}):
        case.refuse(wrong)
    assert case.state() == before
    case.deliver(case.event(list(case.group.instances)[1]))


def foreign_member(case: Case) -> None:
    """A person's host is deployed to by the person, and by nobody else."""
    host = f"Infrastructure/{case.config.environment.rpartition('/')[2]}"
    case.person.repository.create(
        {"id": host, "type": "overthere.SshHost", "os": "UNIX", "address": "10.9.9.9", "username": "x"}
    )
    case.scale(1)
    case.release(case.package("0.9", "a"))
    case.person.repository.update(
        case.config.environment, lambda item: {**item, "members": [*item["members"], host]}
    )
    case.scale(2)
    assert f"{host}/a" not in case.deployeds()
    assert host in case.members()


ROWS: tuple[Row, ...] = (
    launch,
    launch_onto_an_application,
    duplicate,
    terminate,
    terminate_with_dead_hosts,
    terminate_while_alive,
    reordered,
    zero_and_back,
    a_second_application,
    conflict,
    foreign_member,
    unknown,
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_both_deliveries_end_in_the_same_state(row: Row, new_case: Callable[[bool], Case]) -> None:
    states: list[dict[str, Any]] = []
    for by_endpoint in (False, True):
        case = new_case(by_endpoint)
        row(case)
        assert case.host_ids() == case.expected_hosts()
        assert case.members() >= case.expected_hosts()
        states.append(case.state())
    assert states[0] == states[1]
    assert states[0]["open tasks"] == []


def test_many_machines_that_die_at_once_are_forgotten_together(new_case: Callable[[bool], Case]) -> None:
    case = new_case(True)
    case.scale(6)
    case.release(case.package("1.0", "a", "b"))
    before = set(case.group.instances)
    case.group.scale(1)
    gone = before - set(case.group.instances)
    case.hosts.dead |= {machine.address for machine in case.group.machines(gone).values()}
    case.hosts.attempts.clear()
    with ThreadPoolExecutor(len(gone)) as pool:
        list(pool.map(case.deliver, [case.event(i, "Terminate") for i in gone]))
    assert case.host_ids() == case.members() == case.expected_hosts()
    assert case.deployeds() == {f"{host}/{name}" for host in case.expected_hosts() for name in "ab"}
    assert not case.hosts.dead & set(case.hosts.attempts)
    assert case.deploy_tasks() == []
