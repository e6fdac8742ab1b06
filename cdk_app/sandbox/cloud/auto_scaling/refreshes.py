"""Instance refreshes that replace instances one after the other; MiniStack's succeed without touching any."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.auto_scaling import capacity, describe
from cdk_app.sandbox.cloud.auto_scaling.actions import flag, refusing, value
from cdk_app.sandbox.cloud.auto_scaling.activities import timestamp
from cdk_app.sandbox.cloud.auto_scaling.model import State
from cdk_app.sandbox.cloud.auto_scaling.service import after, groups, operations
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.auto_scaling.describe import Parameters

auto_scaling = names("services.autoscaling", functions=("_error",), stores=("_ACTION_MAP",))

STEP_SECONDS = 0.2


@dataclass(slots=True)
class Refresh:
    """A refresh of one group, terminating each instance before its successor is launched (AWS's default)."""

    group: str
    todo: list[str]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.time)
    status: str = "InProgress"
    ended: float | None = None
    total: int = 0

    def described(self) -> dict[str, Any]:
        """Return the refresh as the API gives it."""
        done = self.total - len(self.todo)
        shown: dict[str, Any] = {
            "InstanceRefreshId": self.id,
            "AutoScalingGroupName": self.group,
            "Status": self.status,
            "StartTime": timestamp(self.started),
            "PercentageComplete": 100 * done // self.total if self.total else 100,
            "InstancesToUpdate": len(self.todo),
        }
        if self.ended is not None:
            shown["EndTime"] = timestamp(self.ended)
        return shown


_refreshes: dict[str, list[Refresh]] = {}
"""By the group's ARN, newest first."""


def _start(parameters: Parameters) -> Any:  # noqa: ANN401 - MiniStack's response
    name = value(parameters, "AutoScalingGroupName")
    with groups.changed:
        group, roster = groups.find(name)
        history = _refreshes.setdefault(group.arn, [])
        if history and history[0].status == "InProgress":
            return auto_scaling._error(
                "InstanceRefreshInProgress", "An Instance Refresh is already in progress."
            )
        skip = flag(parameters, "Preferences.SkipMatching")
        todo = [
            member.instance_id
            for member in capacity.in_capacity(roster.members.values())
            if not (skip and member.template == group.template)
        ]
        refresh = Refresh(name, todo, total=len(todo))
        history.insert(0, refresh)
    after(0.0, lambda: _step(refresh))
    return describe.response("StartInstanceRefresh", {"InstanceRefreshId": refresh.id})


def _step(refresh: Refresh) -> None:
    """Replace one more instance, once the group is whole again."""
    with groups.changed:
        if refresh.status != "InProgress":
            return
        _, roster = groups.find(refresh.group)
        refresh.todo = [instance for instance in refresh.todo if instance in roster.members]
        whole = all(m.state in (State.IN_SERVICE, State.STANDBY) for m in roster.members.values())
        if whole and not refresh.todo:
            refresh.status, refresh.ended = "Successful", time.time()
            return
        if whole:
            operations.terminate(refresh.todo[0], decrement=False)
    after(STEP_SECONDS, lambda: _step(refresh))


def _describe(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    group, _ = groups.find(value(parameters, "AutoScalingGroupName"))
    history = [refresh.described() for refresh in _refreshes.get(group.arn, [])]
    return describe.response("DescribeInstanceRefreshes", {"InstanceRefreshes": history})


def _cancel(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    with groups.changed:
        group, _ = groups.find(value(parameters, "AutoScalingGroupName"))
        for refresh in _refreshes.get(group.arn, []):
            if refresh.status == "InProgress":
                refresh.status, refresh.ended = "Cancelled", time.time()
                return describe.response("CancelInstanceRefresh", {"InstanceRefreshId": refresh.id})
    return auto_scaling._error(
        "ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found for the group."
    )


def install() -> None:
    """Replace the actions."""
    auto_scaling._ACTION_MAP.update(
        StartInstanceRefresh=refusing(_start),
        DescribeInstanceRefreshes=refusing(_describe),
        CancelInstanceRefresh=refusing(_cancel),
    )
