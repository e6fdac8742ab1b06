"""What only the endpoint has: its answers, and what EventBridge makes of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.runtime.deliveries.conftest import Case


# The other way that a server may behave is for the tests of states.
pytestmark = pytest.mark.parametrize("stage", ["default"], indirect=True)


@pytest.fixture
def case(new_case: Callable[[bool], Case]) -> Case:
    return new_case(True)


def launched(case: Case) -> dict[str, Any]:
    """The event of one more instance, which nobody has brought yet."""
    before = set(case.group.instances)
    case.group.scale(len(before) + 1)
    (instance,) = set(case.group.instances) - before
    case.stage.aws.group = case.group
    return case.event(instance)


def entity(answer: requests.Response) -> dict[str, Any]:
    body = answer.json()
    assert body["exception"] is None
    found = body["entity"]
    assert isinstance(found, dict)
    return found


def test_the_answer_says_what_was_done_and_names_the_tasks(case: Case) -> None:
    case.scale(1)
    case.release(case.package("0.9", "a"))
    event = launched(case)
    started = time.monotonic()
    answer = case.stage.post(event)
    assert time.monotonic() - started < 10
    assert answer.status_code == 200
    host = case.config.host_id(event["detail"]["EC2InstanceId"])
    told = entity(answer)
    assert told["done"] == [f"created {host}", f"joined {case.config.environment}: {host}"]
    (task,) = told["tasks"]
    assert task["application"] == f"{case.config.environment}/shop"
    assert task["state"] == "EXECUTED"
    archived = case.person.tasks.get(task["id"])
    assert archived is None or archived.state == "DONE"

    again = entity(case.stage.post(event))
    assert (again["done"], again["tasks"]) == ([], [])


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        (
            {"detail": {"AutoScalingGroupName": "nobody", "EC2InstanceId": "i-00000000000000001"}},
            404,
            "nobody",
        ),
        ({"account": "999999999999"}, 404, "999999999999"),
        ({"detail-type": "EC2 Instance Launch Unsuccessful"}, 400, "detail-type"),
        ({"source": "aws.ec2"}, 400, "source"),
        ({"detail": {}}, 400, "AutoScalingGroupName"),
    ],
)
def test_what_is_not_ours_is_refused_and_changes_nothing(
    case: Case, change: dict[str, Any], status: int, told: str
) -> None:
    event = launched(case)
    before = case.state()
    answer = case.stage.post({**event, **change})
    assert answer.status_code == status
    assert told in entity(answer)["reason"]
    assert case.state() == before


def test_an_incomplete_template_is_refused_with_what_is_missing(case: Case) -> None:
    event = launched(case)
    before = case.state()
    case.person.repository.update(case.config.templates[0], lambda item: {**item, "cloud": None})
    answer = case.stage.post(event)
    assert answer.status_code == 422
    assert entity(answer)["reason"] == f"template {case.config.templates[0]}: no cloud; set it there"
    assert case.state() == before


def test_a_persons_running_deployment_is_waited_for(case: Case) -> None:
    case.scale(1)
    case.release(case.package("0.9", "a"))
    prepared = case.person.deployments.prepare_update(
        case.package("1.0", "a", "b"), f"{case.config.environment}/shop"
    )
    release = case.person.deployments.create(case.person.deployments.prepare_deployeds(prepared))
    with case.hosts.holding():
        case.person.tasks.start(release)
        event = launched(case)
        answer = case.stage.post(event)
        assert answer.status_code == 503
        assert release in entity(answer)["reason"]
        assert entity(answer)["tasks"] == []
    case.until(lambda: (task := case.person.tasks.get(release)) is not None and task.state == "EXECUTED")
    case.person.tasks.archive(release)
    case.deliver(event)
    new = case.config.host_id(event["detail"]["EC2InstanceId"])
    assert case.deployeds() == {f"{host}/{name}" for host in case.expected_hosts() for name in "ab"}
    address = case.group.machines([event["detail"]["EC2InstanceId"]])[
        event["detail"]["EC2InstanceId"]
    ].address
    # The release's version, and only that: not the old one first.
    assert {command for where, command in case.hosts.commands if where == address} == {
        "install a 1.0",
        "install b 1.0",
    }
    assert new in case.members()


def test_a_deployment_that_takes_longer_is_finished_by_a_later_look(case: Case) -> None:
    case.scale(1)
    case.release(case.package("0.9", "a"))
    event = launched(case)
    with case.hosts.holding():
        answer = case.stage.post(event)
        assert answer.status_code == 503
        (task,) = entity(answer)["tasks"]
        assert task["id"] in entity(answer)["reason"]
        again = case.stage.post(event)
        assert again.status_code == 503
        assert entity(again)["tasks"] == []
    case.deliver(event)
    assert case.deployeds() == {f"{host}/a" for host in case.expected_hosts()}
    assert case.deploy_tasks() == []


def test_a_failed_deployment_is_tried_again_at_the_next_look(case: Case) -> None:
    case.scale(1)
    case.release(case.package("0.9", "a"))
    event = launched(case)
    case.hosts.failing.add("10.0.0.2")
    answer = case.stage.post(event)
    assert answer.status_code == 503
    assert "FAILED" in entity(answer)["reason"]
    case.hosts.failing.clear()
    case.deliver(event)
    assert case.deployeds() == {f"{host}/a" for host in case.expected_hosts()}
    assert case.deploy_tasks() == []


def test_without_the_permission_to_skip_a_dead_hosts_steps_nothing_is_started(case: Case) -> None:
    case.scale(2)
    case.release(case.package("0.9", "a"))
    (victim, _) = case.group.instances
    case.stage.aws.group = case.group
    case.group.die(victim)
    permissions = case.stage.server.deploy.permissions
    permissions.revoke("task#skip_step", "plugin", "Environments")
    try:
        answer = case.stage.post(case.event(victim, "Terminate"))
    finally:
        permissions.grant("task#skip_step", "plugin", "Environments")
    assert answer.status_code == 422
    assert "task#skip_step" in entity(answer)["reason"]
    assert case.deploy_tasks() == []
    case.deliver(case.event(victim, "Terminate"))
    assert case.host_ids() == case.members() == case.expected_hosts()


def test_throttling_by_aws_is_retried_later(case: Case) -> None:
    event = launched(case)
    case.stage.aws.throttled = 1
    answer = case.stage.post(event)
    assert answer.status_code == 503
    assert "Throttling" in entity(answer)["reason"]
    case.deliver(event)
    assert case.host_ids() == case.expected_hosts()


def test_a_burst_at_once_converges_with_few_tasks(case: Case) -> None:
    case.scale(1)
    case.release(case.package("0.9", "a"))
    case.group.scale(9)
    case.hosts.commands.clear()
    events = [case.event(i) for i in list(case.group.instances)[1:]]
    with ThreadPoolExecutor(len(events)) as pool:
        list(pool.map(case.deliver, events))
    assert case.host_ids() == case.members() == case.expected_hosts()
    assert case.deployeds() == {f"{host}/a" for host in case.expected_hosts()}
    # Every new host once, and the old host not at all.
    assert sorted(address for address, _ in case.hosts.commands) == [f"10.0.0.{n}" for n in range(2, 10)]
    assert case.deploy_tasks() == []


def test_no_more_events_are_handled_at_once_than_deploy_has_threads_for(case: Case) -> None:
    case.scale(1)
    case.release(case.package("0.9", "a"))
    case.group.scale(9)
    events = [case.event(i) for i in list(case.group.instances)[1:]]
    started = time.monotonic()
    with case.hosts.holding(), ThreadPoolExecutor(len(events)) as pool:
        answers = list(pool.map(case.stage.post, events))
    assert time.monotonic() - started < 10
    assert {answer.status_code for answer in answers} == {503}
    assert "4 events are being handled" in {entity(answer)["reason"] for answer in answers}
    case.deliver(*events)
    assert case.host_ids() == case.members() == case.expected_hosts()


def test_without_credentials_there_is_no_answer(case: Case) -> None:
    event = launched(case)
    url = f"{case.stage.extension}/event"
    assert requests.post(url, json=event, timeout=10).status_code == 401
    assert requests.post(url, json=event, auth=("eventbridge", "wrong"), timeout=10).status_code == 401
    assert case.host_ids() == set()


def test_a_caller_who_may_not_read_the_templates_reaches_no_group(case: Case) -> None:
    """The script acts with the permissions of who calls: what may not be read is not there."""
    event = launched(case)
    answer = case.stage.post(event, user="stranger")
    assert answer.status_code == 404
    assert case.host_ids() == set()


def test_a_wrong_password_of_the_deploy_server_names_the_item_and_no_secret(case: Case) -> None:
    case.person.repository.create(
        {
            "id": "Configuration/wrong",
            "type": "deploy.server",
            "url": case.stage.server.url,
            "username": "plugin",
            "password": "not the password",
        }
    )
    event = launched(case)
    case.person.repository.update(
        case.config.templates[0], lambda item: {**item, "server": "Configuration/wrong"}
    )
    answer = case.stage.post(event)
    assert answer.status_code == 422
    assert entity(answer)["reason"].startswith("account of Configuration/wrong: wrong credentials")
    assert "not the password" not in answer.text


def test_the_templates_secrets_reach_the_hosts(case: Case) -> None:
    case.person.repository.update(
        case.config.templates[0], lambda item: {**item, "privateKey": "made-up key", "tags": ["web"]}
    )
    event = launched(case)
    case.deliver(event)
    host = case.stage.server.deploy.repository.repository.get(
        case.config.host_id(event["detail"]["EC2InstanceId"])
    )
    assert getattr(host.properties["privateKey"], "clear", None) == "made-up key"
    assert host.properties["tags"] == ("web",)


def test_status_describes_the_group_and_changes_nothing(case: Case) -> None:
    case.scale(1)
    case.release(case.package("0.9", "a"))
    before = case.state()
    url = f"{case.stage.extension}/status"
    answer = requests.get(url, {"group": case.group.name}, auth=("eventbridge", "secret"), timeout=10)
    assert answer.status_code == 200
    (described,) = entity(answer)["groups"]
    assert described["group"] == case.group.name
    assert described["environment"] == case.config.environment
    assert set(described["members"]) == case.expected_hosts()
    assert described["applications"] == [f"{case.config.environment}/shop"]
    assert described["running"] == []
    assert case.state() == before
    unknown = requests.get(url, {"group": "nobody"}, auth=("eventbridge", "secret"), timeout=10)
    assert unknown.status_code == 404
