"""What is ours: hosts by their names, tasks by their account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runtime.deploy.tasks import HALTED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from runtime.deploy.tasks import Task
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.model import Application
    from runtime.reconciliation.ports import DeployPort

_INSTANCE_ID = re.compile(r"i-[0-9a-f]+")


def own_instance(config: GroupConfig, ci_id: str) -> str | None:
    """Return the instance id in the id of a host of the group's, None for anything else."""
    if not ci_id.startswith(config.host_prefix):
        return None
    rest = ci_id[len(config.host_prefix) :]
    return rest if _INSTANCE_ID.fullmatch(rest) else None


def counts_by_instance(config: GroupConfig, application: Application) -> dict[str, int]:
    """Return how many of an application's deployeds are below each of the group's hosts."""
    counts: dict[str, int] = {}
    for deployed in application.deployeds:
        instance_id = host_instance(config, deployed)
        if instance_id is not None:
            counts[instance_id] = counts.get(instance_id, 0) + 1
    return counts


def host_instance(config: GroupConfig, deployed: str) -> str | None:
    """Return the instance id of the host that a deployed is below, None if the host is not the group's."""
    if not deployed.startswith(config.host_prefix):
        return None
    name, slash, _ = deployed[len(config.host_prefix) :].partition("/")
    return name if slash and _INSTANCE_ID.fullmatch(name) else None


def same_environment(task: Task, environment: str) -> bool:
    """Tell whether a task is about an environment; some servers name it by id, some by its last part."""
    return task.environment == environment or (
        "/" not in task.environment and task.environment == environment.rpartition("/")[2]
    )


def somebody_at_work(tasks: Iterable[Task], environment: str, known: Collection[str]) -> bool:
    """Tell whether a task on an environment that is not among the known ones runs, or waits for somebody."""
    return any(
        (task.running or task.state in HALTED)
        and task.id not in known
        and same_environment(task, environment)
        for task in tasks
    )


def is_own(task: Task, deploy: DeployPort) -> bool:
    """Tell whether our account made a task; a personal access token does not tell the account's name."""
    account = deploy.account
    if account:
        return task.owner == account
    return any(own.id == task.id for own in deploy.tasks.own())
