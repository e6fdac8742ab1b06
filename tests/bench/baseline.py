"""The handler that one would write first: one event, one host, one update per application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.deploy.items import reference
from runtime.reconciliation.actions import Release

if TYPE_CHECKING:
    from runtime.deploy.client import DeployClient
    from runtime.deploy.items import CI
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.ports import Clock, GroupsPort

_POLL_SECONDS = 0.1  # as soon as the reconciler looks again, so that neither gains by it
_COPIED = ("os", "connectionType", "port", "username", "tags")


def on_launch(
    instance_id: str, config: GroupConfig, groups: GroupsPort, deploy: DeployClient, clock: Clock
) -> None:
    """Handle one launch: it knows the instance from the event, and asks AWS for the address only."""
    address = groups.machines([instance_id])[instance_id].address
    host = config.host_id(instance_id)
    template = deploy.repository.read(config.templates[-1]) or {}
    copied = {name: template[name] for name in _COPIED if name in template}
    deploy.repository.create({"id": host, "type": "overthere.SshHost", "address": address, **copied})

    def join(environment: CI) -> CI:
        return {**environment, "members": [*environment["members"], host]}

    deploy.repository.update(config.environment, join)
    deployed = deploy.repository.query(parent=config.environment, ci_type="udm.DeployedApplication")
    for application in deploy.repository.read_all([ref.id for ref in deployed]):
        prepared = deploy.deployments.prepare_update(reference(application["version"]), application["id"])
        mapped = deploy.deployments.prepare_deployeds(prepared)
        deploy.deployments.validate(mapped)
        task_id = deploy.deployments.create(mapped)
        deploy.tasks.start(task_id)
        while (task := deploy.tasks.get(task_id)) is not None and task.running:
            clock.sleep(_POLL_SECONDS)
        deploy.tasks.archive(task_id)
    if config.hooks.launch is not None:
        done = Release(instance_id, "Pending:Wait", (config.hooks.launch,), "CONTINUE", "deployed")
        groups.complete(config.group, [done])
