"""Tasks over the wire: states, steps, ownership."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import pytest

from cdk_app.sandbox.deploy_server import Behaviour, DeployServer, ServerSettings
from cdk_app.sandbox.deploy_server.testing import StepFault
from tests.sandbox.deploy_server.api import Api, wait_for

if TYPE_CHECKING:
    from pathlib import Path


def prepared(api: Api, **commands: str) -> str:
    """Return a task that has not started, for one host and these commands."""
    api.deployable_environment(1, **commands)
    return api.task(api.prepare("Applications/app/1", "Environments/env"))


def states(api: Api, task: str) -> list[str]:
    return [step["state"] for step in api.steps(task)]


def act(api: Api, task: str, operation: str, expect: int | None = 204) -> int:
    return api.call("POST", f"/tasks/v2/{task}/{operation}", expect=expect).status_code


def test_task_from_pending_to_done(api: Api) -> None:
    task = prepared(api, first="true")
    assert api.state(task) == "PENDING"
    act(api, task, "archive", expect=400)
    api.start(task)
    assert api.finish(task) == "EXECUTED"
    assert act(api, task, "start", expect=None) == 400
    act(api, task, "archive")
    assert api.state(task) == "DONE"
    assert api.call("GET", "/tasks/v2/current").json() == []


def test_failed_step_stops_the_task_and_a_start_goes_on_there(api: Api, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    log = tmp_path / "log"
    task = prepared(api, first=f"echo first >> {log}", second=f"test -e {flag}", third=f"echo third >> {log}")
    api.start(task)
    assert api.finish(task) == "FAILED"
    assert states(api, task) == ["DONE", "FAILED", "PENDING"]
    assert "exit code 1" in api.call("GET", f"/tasks/v2/{task}/step/0_1_1_2").json()["log"]
    assert not api.exists("Environments/env/app")
    flag.touch()
    api.start(task)
    assert api.finish(task) == "EXECUTED"
    assert log.read_text() == "first\nthird\n"


def test_cancel_registers_what_was_done(api: Api) -> None:
    task = prepared(api, first="true", second="false")
    api.start(task)
    assert api.finish(task) == "FAILED"
    api.call("DELETE", f"/tasks/v2/{task}", expect=204)
    assert api.state(task) == "CANCELLED"
    assert api.read("Environments/env/app")["deployeds"] == ["Infrastructure/host1/first"]


def test_cancelled_before_its_start_it_leaves_no_trace(api: Api) -> None:
    task = prepared(api, first="true")
    api.call("DELETE", f"/tasks/v2/{task}", expect=204)
    api.call("GET", f"/tasks/v2/{task}", expect=404)
    assert not api.exists("Environments/env/app")


def test_skipped_step_does_not_run_and_counts_as_handled(api: Api, tmp_path: Path) -> None:
    task = prepared(api, first=f"touch {tmp_path}/first", second=f"touch {tmp_path}/second")
    answer = api.call("POST", f"/tasks/v2/{task}/skip", ["0_1_1_1", "0_1_1_2"])
    assert answer.json()["id"] == task
    api.call("POST", f"/tasks/v2/{task}/unskip", ["0_1_1_2"])
    assert states(api, task) == ["SKIP", "PENDING"]
    api.start(task)
    assert api.finish(task) == "EXECUTED"
    assert states(api, task) == ["SKIPPED", "DONE"]
    assert [file.name for file in tmp_path.iterdir()] == ["second"]
    assert len(api.read("Environments/env/app")["deployeds"]) == 2


def test_register_step_cannot_be_skipped(api: Api) -> None:
    task = prepared(api, first="true")
    assert api.steps(task, "0_2_1")[0]["description"] == "Register deployeds"
    api.call("POST", f"/tasks/v2/{task}/skip", ["0_1_1_1", "0_2_1_1"], expect=400)
    assert states(api, task) == ["PENDING"]


def test_stop_lets_the_step_end_and_abort_does_not(api: Api, tmp_path: Path) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    wait = f"touch {begun}; while ! test -e {go}; do sleep 0.02; done"
    task = prepared(api, first=wait, second="true")
    api.start(task)
    wait_for(begun.exists)
    act(api, task, "stop")
    assert api.state(task) == "STOPPING"
    go.touch()
    assert api.finish(task) == "STOPPED"
    assert states(api, task) == ["DONE", "PENDING"]

    go.unlink()
    begun.unlink()
    api.call("DELETE", f"/tasks/v2/{task}", expect=204)
    assert api.read("Environments/env/app")["deployeds"] == ["Infrastructure/host1/first"]
    api.package("2", first=wait + "; true")
    again = api.deploy("Applications/app/2", "Environments/env")
    wait_for(begun.exists)
    act(api, again, "abort")
    assert api.finish(again) == "ABORTED"
    assert states(api, again) == ["FAILED"]


def test_stop_and_abort_of_a_pending_task_do_nothing(api: Api) -> None:
    task = prepared(api, first="true")
    act(api, task, "stop")
    act(api, task, "abort")
    assert api.state(task) == "PENDING"


def test_pause_stops_the_task_before_a_step(api: Api) -> None:
    task = prepared(api, first="true", second="true")
    block = api.call("POST", f"/tasks/v2/{task}/add-pause/0_1_1_2").json()
    assert [step["description"] for step in block["steps"]] == ["Execute first", "Pause", "Execute second"]
    api.start(task)
    assert api.finish(task) == "STOPPED"
    assert states(api, task) == ["DONE", "DONE", "PENDING"]
    api.start(task)
    assert api.finish(task) == "EXECUTED"


def test_scheduled_task_starts_by_itself_and_times_are_checked(api: Api) -> None:
    task = prepared(api, first="true")
    path = f"/tasks/v2/{task}/schedule"
    now = datetime.now(UTC)
    past = api.call("POST", path, expect=400, query={"time": (now - timedelta(hours=1)).isoformat()})
    assert "Cannot schedule a task for the past" in past.text
    far = api.call("POST", path, expect=400, query={"time": (now + timedelta(days=365)).isoformat()})
    assert "because it is too far into the future" in far.text
    api.call("POST", path, expect=204, query={"time": (now + timedelta(days=1)).isoformat()})
    assert api.state(task) == "SCHEDULED"
    assert api.call("GET", f"/tasks/v2/{task}").json()["scheduledDate"]
    api.call(
        "POST", path, expect=204, query={"time": (datetime.now(UTC) + timedelta(seconds=0.3)).isoformat()}
    )
    wait_for(lambda: api.state(task) == "EXECUTED")


def test_step_metadata_names_its_deployed_and_values_are_texts(api: Api) -> None:
    task = prepared(api, first="true")
    metadata = api.steps(task)[0]["metadata"]
    assert metadata["deployed_0"] == "Infrastructure/host1/first"
    assert metadata["order"] == "50"
    assert metadata["rule"].endswith("_CREATE")


def test_tasks_belong_to_their_owner(api: Api) -> None:
    task = prepared(api, first="true")
    other = api.user("jane", "pw", "login")
    for method, path in [
        ("GET", f"/tasks/v2/{task}"),
        ("GET", f"/tasks/v2/{task}/step/0_1_1_1"),
        ("POST", f"/tasks/v2/{task}/start"),
        ("DELETE", f"/tasks/v2/{task}"),
    ]:
        refused = other.call(method, path, expect=403)
        assert refused.text == "Only user with task#view permission or owner or ADMIN can access the task"
    assert other.call("GET", "/tasks/v2/current/all").json() == []
    api.grant("jane", "task#view")
    assert other.state(task) == "PENDING"
    other.call("POST", f"/tasks/v2/{task}/start", expect=403)


def test_takeover_names_the_current_owner(api: Api) -> None:
    task = prepared(api, first="true")
    other = api.user("jane", "pw", "login", "task#takeover@Environments")
    other.call("POST", f"/tasks/v2/{task}/takeover/nobody", expect=400)
    assert other.call("POST", f"/tasks/v2/{task}/takeover/admin").json()["owner"] == "jane"
    other.start(task)
    assert other.finish(task) == "EXECUTED"
    assert api.call("POST", f"/tasks/v2/{task}/assign/admin").json()["owner"] == "admin"


def test_archived_tasks_are_found_by_those_who_may_see_reports(api: Api) -> None:
    task = prepared(api, first="true")
    api.start(task)
    api.finish(task)
    act(api, task, "archive")
    today = datetime.now(UTC).date()
    found = api.call(
        "GET", "/tasks/v2/query", query={"begindate": str(today), "enddate": str(today + timedelta(days=1))}
    ).json()
    assert [entry["id"] for entry in found] == [task]
    assert api.call("GET", "/tasks/v2/query", query={"enddate": str(today)}).json() == []
    refused = api.user("jane", "pw", "login").call("GET", "/tasks/v2/query", expect=403)
    assert refused.text == "You do not have report#view permission"


def test_maintenance_lets_only_administrators_start(api: Api) -> None:
    api.deployable_environment(first="true")
    other = api.user(
        "jane", "pw", "login", "read@Applications", "deploy#initial@Environments", "read@Environments"
    )
    api.call("POST", "/server/maintenance/start", expect=204)
    assert api.call("GET", "/server/state").json() == {"current-mode": "MAINTENANCE"}
    task = other.task(other.prepare("Applications/app/1", "Environments/env"))
    other.call("POST", f"/tasks/v2/{task}/start", expect=503)
    other.call("DELETE", f"/tasks/v2/{task}", expect=204)
    task = api.deploy("Applications/app/1", "Environments/env")
    assert api.finish(task) == "EXECUTED"


@pytest.mark.parametrize("number", [1, 2])
def test_step_fails_on_demand(server: DeployServer, api: Api, number: int) -> None:
    server.faults.add(StepFault(description="Execute", number=number, text="no space left"))
    task = prepared(api, first="true", second="true")
    api.start(task)
    assert api.finish(task) == "FAILED"
    assert states(api, task).index("FAILED") == number - 1
    assert "no space left" in api.steps(task)[number - 1]["log"]
    api.start(task)
    assert api.finish(task) == "EXECUTED"


def test_restart_on_demand_fails_what_runs(server: DeployServer, api: Api) -> None:
    task = prepared(api, first="sleep 60")
    api.start(task)
    wait_for(lambda: states(api, task) == ["EXECUTING"])
    root = Api(server.url.removesuffix("/deployit"))
    root.call("POST", "/_standin/restart", expect=204)
    assert api.state(task) == "FAILED"


@pytest.mark.parametrize("style", ["plugin", "native"])
def test_locks_are_taken_by_the_first_step(style: Literal["plugin", "native"]) -> None:
    with DeployServer(ServerSettings(behaviour=Behaviour(locks=style))) as server:
        api = Api(server.url)
        api.deployable_environment(first="false")
        api.update({**api.read("Environments/env"), "allowConcurrentDeployments": False})
        first = api.deploy("Applications/app/1", "Environments/env")
        assert api.finish(first) == "FAILED"
        assert [step["description"] for step in api.steps(first)] == ["Acquire locks", "Execute first"]
        api.update({**api.read("Applications/app/1/first"), "commandLine": "true"})
        second = api.deploy("Applications/app/1", "Environments/env")
        # The two descriptions of locking differ on whether a failed task keeps its locks.
        assert api.finish(second) == ("STOPPED" if style == "plugin" else "EXECUTED")
        api.call("DELETE", f"/tasks/v2/{first}", expect=204)
        if style == "plugin":
            assert states(api, second) == ["PAUSED", "PENDING"]
            api.start(second)
            assert api.finish(second) == "EXECUTED"


def test_lock_is_tried_again_when_the_environment_says_so() -> None:
    with DeployServer(ServerSettings(behaviour=Behaviour(locks="plugin"))) as server:
        api = Api(server.url)
        api.deployable_environment(first="false")
        wanted = {"allowConcurrentDeployments": False, "enableLockRetry": True, "lockRetryInterval": 0}
        api.update({**api.read("Environments/env"), **wanted, "lockRetryAttempts": 100000})
        first = api.deploy("Applications/app/1", "Environments/env")
        assert api.finish(first) == "FAILED"
        api.update({**api.read("Applications/app/1/first"), "commandLine": "true"})
        second = api.deploy("Applications/app/1", "Environments/env")
        wait_for(lambda: "is locked by task" in api.steps(second)[0].get("log", ""))
        api.call("DELETE", f"/tasks/v2/{first}", expect=204)
        assert api.finish(second) == "EXECUTED"


def test_locks_are_off_by_default(api: Api) -> None:
    api.deployable_environment(first="true")
    api.update({**api.read("Environments/env"), "allowConcurrentDeployments": False})
    task = api.task(api.prepare("Applications/app/1", "Environments/env"))
    assert [step["description"] for step in api.steps(task)] == ["Execute first"]


def side_by_side(api: Api, tmp_path: Path) -> str:
    """Return a started task with two hosts side by side: one fails at once, one waits for ``go``."""
    wait = f"while ! test -e {tmp_path}/go; do sleep 0.02; done"
    api.deployable_environment(hosts=2, first=f'test "$(mkdir {tmp_path}/one 2>&1)" && {{ {wait}; }}')
    prepared = api.prepare("Applications/app/1", "Environments/env")
    prepared["application"]["orchestrator"] = ["parallel-by-container"]
    task = api.task(prepared)
    api.start(task)
    return task


def test_a_task_is_failing_while_other_blocks_run_on_and_only_the_failed_one_is_done_again(
    api: Api, tmp_path: Path
) -> None:
    task = side_by_side(api, tmp_path)
    wait_for(lambda: api.state(task) == "FAILING")
    (tmp_path / "go").touch()
    assert api.finish(task) == "FAILED"
    blocks = api.call("GET", f"/tasks/v2/{task}/block/0_1_1").json()["blocks"]
    assert sorted(block["state"] for block in blocks) == ["DONE", "FAILED"]
    api.start(task)
    assert api.finish(task) == "EXECUTED"
    steps = [api.steps(task, block["id"])[0] for block in blocks]
    assert sorted(step["failures"] for step in steps) == [0, 1]


def test_abort_of_a_failing_task_interrupts_what_still_runs(api: Api, tmp_path: Path) -> None:
    task = side_by_side(api, tmp_path)
    wait_for(lambda: api.state(task) == "FAILING")
    act(api, task, "abort")
    assert api.finish(task) == "ABORTED"
    states_of_steps = {api.steps(task, f"0_1_1_{number}")[0]["state"] for number in (1, 2)}
    assert states_of_steps == {"FAILED"}


def test_groups_of_hosts_are_done_one_after_the_other(api: Api, tmp_path: Path) -> None:
    log = tmp_path / "log"
    api.deployable_environment(hosts=2, first=f"echo {{{{group}}}} >> {log}")
    dictionaries = []
    for number in (1, 2):
        host = f"Infrastructure/host{number}"
        api.update({**api.read(host), "deploymentGroup": 3 - number})
        entries = {"group": str(3 - number)}
        name = f"Environments/d{number}"
        api.create(name, type="udm.Dictionary", entries=entries, restrictToContainers=[host])
        dictionaries.append(name)
    api.update({**api.read("Environments/env"), "dictionaries": dictionaries})
    prepared = api.prepare("Applications/app/1", "Environments/env")
    prepared["application"]["orchestrator"] = ["sequential-by-deployment-group", "parallel-by-container"]
    task = api.task(prepared)
    api.start(task)
    assert api.finish(task) == "EXECUTED"
    assert log.read_text() == "1\n2\n"
    block = api.call("GET", f"/tasks/v2/{task}/block/0_1_1").json()
    assert [inner["parallel"] for inner in block["blocks"]] == [True, True]
