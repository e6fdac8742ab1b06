from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.runtime.plugin.conftest import Call

HERE = "Environments/web"


def task(name: str, state: str, environment: str = HERE) -> dict[str, Any]:
    return {"id": name, "state": state, "metadata": {"environment_id": environment}}


def test_own_tasks_are_cleared_and_running_ones_waited_for(call: Call) -> None:
    own = [
        task("done", "EXECUTED"),
        task("failed", "FAILED"),
        task("new", "PENDING"),
        task("ours", "EXECUTING"),
    ]
    others = [
        task("hers", "EXECUTING"),
        task("her-failed", "FAILED"),
        task("her-done", "EXECUTED"),
        task("elsewhere", "EXECUTING", "Environments/other"),
        {"id": "control", "state": "EXECUTING"},
    ]
    assert call("tasks.sort_open", own, [*own, *others], HERE)["value"] == {
        "to_archive": ["done"],
        "to_cancel": ["failed", "new"],
        "running": ["hers", "ours"],
    }


@pytest.mark.parametrize("state", ["QUEUED", "EXECUTING", "FAILING", "STOPPING", "ABORTING", "PREPARING"])
def test_states_that_are_not_at_rest_run(call: Call, state: str) -> None:
    assert call("tasks.is_running", state)["value"] is True


@pytest.mark.parametrize(
    "state", ["PENDING", "SCHEDULED", "FAILED", "STOPPED", "ABORTED", "EXECUTED", "DONE", "CANCELLED"]
)
def test_states_at_rest(call: Call, state: str) -> None:
    assert call("tasks.is_running", state)["value"] is False


def test_blocks_with_steps_are_found_below_phases(call: Call) -> None:
    root = {
        "id": "0",
        "blocks": [
            {
                "phase": "true",
                "block": {"id": "0_1", "blocks": [{"id": "0_1_1"}, {"id": "0_1_2", "blocks": []}]},
            },
            {"id": "0_2", "block": {"id": "0_2_1"}},
        ],
    }
    assert call("tasks.leaf_blocks", root)["value"] == ["0_1_1", "0_1_2", "0_2_1"]
