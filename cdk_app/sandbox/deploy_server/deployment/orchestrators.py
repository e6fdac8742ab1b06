"""Orchestrators: how the deltas of a deployment are cut into blocks.

Attested: several may be combined, each refines what the one before made; the blocks of one application
run in sequence or in parallel by container, by deployment group, or by application in dependency order.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import RefusedError
from cdk_app.sandbox.deploy_server.repository.model import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cdk_app.sandbox.deploy_server.deployment.deltas import Delta

GROUP_PROPERTIES = ("deploymentGroup", "deploymentSubGroup", "deploymentSubSubGroup")
_GROUPS = dict(
    zip(
        ("deployment-group", "deployment-sub-group", "deployment-sub-sub-group"),
        GROUP_PROPERTIES,
        strict=True,
    )
)
_CRITERIA = ("container", "deployed", "dependency", *_GROUPS)
ORCHESTRATORS = (
    "default",
    *(f"{mode}-by-{criterion}" for mode in ("parallel", "sequential") for criterion in _CRITERIA),
)


@dataclass(frozen=True, slots=True)
class Item:
    """A delta, with the application it belongs to and the groups of its container."""

    delta: Delta
    application: str
    groups: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """A tree of blocks: either parts, or the items of one block."""

    description: str
    items: tuple[Item, ...] = ()
    parts: tuple[Plan, ...] = ()
    parallel: bool = False


def orchestrate(names: Iterable[str], items: Sequence[Item], description: str) -> Plan:
    """Cut items by each orchestrator in turn.

    Raises
    ------
    RefusedError
        There is no orchestrator of a name; the wording is ours.
    """
    plan = Plan(description, tuple(items))
    for name in names:
        if name not in ORCHESTRATORS:
            raise RefusedError(f"Unknown orchestrator [{name}]")
        if name != "default":
            mode, _, criterion = name.partition("-by-")
            plan = _refine(plan, _key(criterion), parallel=mode == "parallel")
    return plan


def _refine(plan: Plan, key: Callable[[Item], tuple[int, str]], *, parallel: bool) -> Plan:
    """Cut a plan by a key: a rank, by which the parts are ordered, and a name."""
    if plan.parts:
        parts = tuple(_refine(part, key, parallel=parallel) for part in plan.parts)
        return Plan(plan.description, parts=parts, parallel=plan.parallel)
    groups: dict[tuple[int, str], list[Item]] = {}
    for item in plan.items:
        groups.setdefault(key(item), []).append(item)
    if not groups:
        return plan
    ordered = sorted(groups.items(), key=lambda entry: entry[0][0])
    parts = tuple(Plan(f"{plan.description} - {name}", tuple(found)) for (_, name), found in ordered)
    return Plan(plan.description, parts=parts, parallel=parallel)


def _key(criterion: str) -> Callable[[Item], tuple[int, str]]:
    if criterion == "container":
        return lambda item: (0, name_of(item.delta.subject.container))
    if criterion == "deployed":
        return lambda item: (0, item.delta.subject.id)
    if criterion == "dependency":
        return lambda item: (0, name_of(item.application))
    return lambda item: _group(item.groups.get(_GROUPS[criterion]))


def _group(number: int | None) -> tuple[int, str]:
    """Return rank and name of a group; containers without one come last, which no source says."""
    return (sys.maxsize, "no group") if number is None else (number, f"group {number}")
