"""Scale-outs of every size, by the reconciler and by the baseline, on the virtual clock."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from runtime.deploy.client import DeployClient
from runtime.reconciliation.reconciler import Hint
from tests.bench.baseline import on_launch
from tests.runtime.twins.world import ENVIRONMENT, World

CALL_SECONDS, TASK_SECONDS = 0.020, 2.0
INSTANCES, APPLICATIONS = (1, 10, 100, 1000), (1, 3, 10)
BASELINE_MEASURED_TO = 100

_POLL = re.compile(r"GET /tasks/v2/[^/]+")


@dataclass(frozen=True)
class Cost:
    """What one way of doing it costs; see `tests.bench`."""

    calls: int
    polls: int
    tasks: int
    aws: int
    seconds: float


def prepared(applications: int) -> World:
    """Return a world with an empty group and deployed applications."""
    world = World()
    world.clock.restart(1e9)
    world.twin.task_seconds = TASK_SECONDS
    world.group.scale(1)
    world.reconcile(budget=1e9)
    for number in range(applications):
        world.twin.person_deploys(world.twin.package(f"app{number}", "1.0"), ENVIRONMENT)
        world.clock.sleep(TASK_SECONDS + 1)
        world.twin.settle_tasks()
    world.group.scale(0)
    world.reconcile(budget=1e9)
    world.twin.faults.append(
        lambda _method, _path, phase: world.clock.sleep((phase == "before") * CALL_SECONDS)
    )
    world.group.faults.append(lambda _name: world.clock.sleep(CALL_SECONDS))
    return world


def measured(world: World, instances: int, *, baseline: bool) -> Cost:
    """Scale out and return the cost until everything is in service."""
    tasks, begin = len(world.twin.tasks), world.clock.now()
    world.twin.calls.clear()
    world.group.calls.clear()
    world.group.scale(instances)
    if baseline:
        deploy = DeployClient(world.twin.transport())  # type: ignore[arg-type] # stands in for it
        for instance_id in list(world.group.instances):
            on_launch(instance_id, world.config, world.group, deploy, world.clock)
    else:
        world.clock.restart(1e9)
        world.reconciler().reconcile(world.config, Hint(world.clock.now()))
    assert set(world.states().values()) == {"InService"}
    polls = sum(bool(_POLL.fullmatch(call)) for call in world.twin.calls)
    return Cost(
        calls=len(world.twin.calls) - polls,
        polls=polls,
        tasks=len(world.twin.tasks) - tasks,
        aws=len(world.group.calls),
        seconds=round(world.clock.now() - begin, 2),
    )


def continued(small: Cost, large: Cost, step: int, instances: int, at: int) -> Cost:
    """Continue a straight line through two measurements that are `step` instances apart."""

    def value(name: str) -> float:
        a, b = float(getattr(small, name)), float(getattr(large, name))
        return b + (b - a) / step * (instances - at)

    return Cost(
        calls=round(value("calls")),
        polls=round(value("polls")),
        tasks=round(value("tasks")),
        aws=round(value("aws")),
        seconds=round(value("seconds"), 2),
    )


def matrix() -> list[dict[str, Any]]:
    """Return the matrix as in the JSON."""
    rows: list[dict[str, Any]] = []
    for applications in APPLICATIONS:
        history: dict[int, Cost] = {}
        for instances in INSTANCES:
            ours = measured(prepared(applications), instances, baseline=False)
            extra: dict[str, Any] = {}
            if instances <= BASELINE_MEASURED_TO:
                theirs = measured(prepared(applications), instances, baseline=True)
                history[instances] = theirs
            else:
                (a, small), (b, large) = list(history.items())[-2:]
                theirs = continued(small, large, b - a, instances, b)
                extra = {"measured_to": b, "continued": True}
            rows.append(
                {
                    "instances": instances,
                    "applications": applications,
                    "reconciler": asdict(ours),
                    "baseline": asdict(theirs) | extra,
                }
            )
    return rows


def nothing() -> dict[str, dict[str, int]]:
    """Return what hints cost that lead to nothing."""
    world = prepared(3)
    measured(world, 10, baseline=False)
    costs = {}
    for name, sent in (("unchanged", world.clock.now() + 1), ("superseded", world.clock.now() - 3600)):
        world.twin.calls.clear()
        world.group.calls.clear()
        world.ledger.calls = 0
        world.reconciler().reconcile(world.config, Hint(sent))
        costs[name] = {
            "deploy": len(world.twin.calls),
            "aws": len(world.group.calls) + world.ledger.calls,
        }
    return costs
