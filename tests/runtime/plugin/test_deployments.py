from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.runtime.plugin.conftest import Call

OURS = "Infrastructure/aws/web"
START = f"{OURS}/web-"
OLD, NEW, DEAD = (f"{START}i-0000000000000000{n}" for n in range(1, 4))
PERSONS, STRANGER = "Infrastructure/team/build", f"{START}blue"


def deployed(container: str, name: str = "file") -> dict[str, Any]:
    return {"id": f"{container}/{name}", "type": "file.DeployedFile", "container": container}


def application(*containers: str) -> dict[str, Any]:
    return {"id": "Environments/web/shop", "deployeds": [f"{container}/file" for container in containers]}


def deployment(*containers: str) -> dict[str, Any]:
    return {"type": "UPDATE", "x": 1, "deployeds": [deployed(container) for container in containers]}


def test_new_hosts_of_the_group_are_added_and_nobody_elses(call: Call) -> None:
    current = application(OLD, PERSONS)
    wanted = call("deployments.with_own_hosts", deployment(OLD, NEW, PERSONS, STRANGER), current, START, [])[
        "value"
    ]
    assert wanted == deployment(OLD, NEW, PERSONS)
    assert call("deployments.changes", wanted, current)["value"] == [f"{NEW}/file"]


def test_the_leaving_host_loses_its_deployeds(call: Call) -> None:
    current = application(OLD, DEAD)
    wanted = call("deployments.with_own_hosts", deployment(OLD, DEAD), current, START, [DEAD])["value"]
    assert wanted == deployment(OLD)
    assert call("deployments.changes", wanted, current)["value"] == [f"{DEAD}/file"]


def test_a_server_that_drops_it_by_itself_still_shows_a_change(call: Call) -> None:
    assert call("deployments.changes", deployment(OLD), application(OLD, DEAD))["value"] == [f"{DEAD}/file"]


def test_nothing_to_do_is_no_change(call: Call) -> None:
    assert call("deployments.changes", deployment(OLD, NEW), application(NEW, OLD))["value"] == []


def test_hosts_that_left_the_environment_are_departed_and_people_s_are_not(call: Call) -> None:
    current = application(OLD, DEAD, PERSONS, STRANGER)
    assert call("deployments.departed", current, [OLD, NEW], START)["value"] == [DEAD]


def test_hosts_that_lose_deployeds_are_told_from_the_deployment(call: Call) -> None:
    current = application(OLD, DEAD, PERSONS)
    assert call("deployments.losing", deployment(OLD, NEW), current, START)["value"] == [DEAD]
    assert call("deployments.losing", deployment(OLD, NEW, DEAD), current, START)["value"] == []


def test_steps_of_the_dead_host_alone(call: Call) -> None:
    steps = [
        ["0_1_1_1", [f"{DEAD}/file"]],
        ["0_1_1_2", [f"{OLD}/file"]],
        ["0_1_1_3", [f"{DEAD}/file", f"{DEAD}/command"]],
        ["0_1_1_4", [f"{DEAD}/file", f"{OLD}/file"]],
        ["0_1_1_5", [f"{DEAD}0/file"]],
        ["0_2_1_1", []],
    ]
    assert call("deployments.steps_of", steps, [DEAD])["value"] == ["0_1_1_1", "0_1_1_3"]


def test_messages_that_forbid_a_deployment(call: Call) -> None:
    wrong = {**deployed(NEW), "validation-messages": [{"level": "ERROR", "message": "no target path"}]}
    warned = {**deployed(OLD), "validation-messages": [{"level": "WARNING", "message": "careful"}]}
    unknown = {**deployed(OLD, "x"), "validations": [{"message": "odd"}]}
    assert call("deployments.errors_in", {"id": "d", "deployeds": [wrong, warned, unknown]})["value"] == [
        f"{NEW}/file: no target path",
        f"{OLD}/x: odd",
    ]
