"""One look at both sides: three calls to Deploy, one to AWS, one more to EC2 when an instance needs it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runtime.deploy.items import reference, references
from runtime.reconciliation.model import Application, Observed
from runtime.reconciliation.ownership import own_instance
from runtime.reconciliation.plan import unclear

if TYPE_CHECKING:
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.ports import DeployPort, GroupsPort


def observe(
    config: GroupConfig,
    groups: GroupsPort,
    deploy: DeployPort,
    memory: Memory,
    now: float,
    suspects: frozenset[str] = frozenset(),
) -> Observed:
    """Return one look at a group and its mirror.

    `suspects` are instances of the group whose machines matter besides those that the plan asks for.

    AWS is asked first: what Deploy shows is then never older than what it is compared with, so a host that
    is missing is missing, and an instance that left meanwhile is seen at the next look.
    """
    group = groups.describe(config.group)
    # Of any type: a group whose template became one of WinRM still has its older hosts.
    hosts = deploy.repository.query(parent=config.infrastructure)
    deployed = deploy.repository.query(parent=config.environment, ci_type="udm.DeployedApplication")
    items = deploy.repository.read_all([config.environment, *(ref.id for ref in deployed)])
    by_id = {item["id"]: item for item in items}
    environment = by_id.pop(config.environment, None)
    observed = Observed(
        at=now,
        group=group,
        members=None if environment is None else frozenset(references(environment.get("members"))),
        environment=environment,
        hosts=frozenset(ref.id for ref in hosts if own_instance(config, ref.id) is not None),
        applications=tuple(
            Application(
                id=item["id"],
                version=reference(item["version"]),
                deployeds=frozenset(references(item.get("deployeds"))),
                token=str(item.get("$token") or ""),
            )
            for item in by_id.values()
        ),
    )
    listed = frozenset(instance.id for instance in group.instances) if group else frozenset()
    asked = unclear(config, observed, memory) | (suspects & listed)
    if not asked:
        return observed
    strangers = [ref.id for ref in hosts if ref.id not in observed.hosts]
    return replace(
        observed,
        machines=groups.machines(asked),
        taken={str(item.get("address")): item["id"] for item in deploy.repository.read_all(strangers)},
    )
