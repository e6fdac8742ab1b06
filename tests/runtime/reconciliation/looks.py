"""Looks at a group and its mirror, as values: what tests of plans begin with."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from mypy_boto3_autoscaling.literals import LifecycleStateType

from runtime.reconciliation.memory import Memory
from runtime.reconciliation.model import Application, Group, Instance, Machine, Observed
from tests.runtime.twins.world import ENVIRONMENT, FOREIGN, config

CONFIG = config()
STATES = get_args(LifecycleStateType)
NOW = 1_000_000.0
APPLICATION = f"{ENVIRONMENT}/shop"
VERSION = "Applications/shop/1.0"


def host(number: int) -> str:
    return CONFIG.host_id(f"i-{number}")


def machine(number: int, state: str = "running") -> tuple[str, Machine]:
    return f"i-{number}", Machine(f"10.0.0.{number}", state)


def seen(
    *lifecycles: str,
    desired: int | None = None,
    registered: tuple[int, ...] = (),
    joined: tuple[int, ...] = (),
) -> Observed:
    """Return a look at a group with instances i-0, i-1, … in these states."""
    instances = tuple(Instance(f"i-{n}", state) for n, state in enumerate(lifecycles))
    return Observed(
        at=NOW,
        group=Group("web", len(lifecycles) if desired is None else desired, instances),
        members=frozenset({FOREIGN, *map(host, joined)}),
        hosts=frozenset(map(host, registered)),
        machines=dict(machine(n) for n in range(10)),
    )


def deployed(observed: Observed, *numbers: int, version: str = VERSION) -> Observed:
    """Return the look with an application on some hosts."""
    deployeds = frozenset(f"{host(n)}/file" for n in numbers)
    return replace(
        observed, applications=(*observed.applications, Application(APPLICATION, version, deployeds))
    )


def remembering(observed: Observed, *numbers: int) -> Memory:
    memory = Memory()
    for application in observed.applications:
        memory.verify(application, {f"i-{n}": 1 for n in numbers})
    return memory


def interrupted(observed: Observed, left: dict[int, float]) -> Observed:
    """Return the look with EC2's word that it takes machines back, those that it was asked about."""
    ends = {f"i-{n}": NOW + seconds for n, seconds in left.items()}
    machines = {
        i: replace(m, spot=True, interruption=ends[i]) if i in ends else m
        for i, m in observed.machines.items()
    }
    return replace(observed, machines=machines)


def taken_back(observed: Observed) -> set[str]:
    return {i for i, machine in observed.machines.items() if machine.interruption is not None}
