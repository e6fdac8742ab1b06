"""Deletes the hosts of instances that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.reconciliation.actions import Remove
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.ports import DeployPort, Reporter


def remove_hosts(
    config: GroupConfig, deploy: DeployPort, report: Reporter, removals: Sequence[Remove]
) -> frozenset[str]:
    """Delete hosts; return the instances whose host is still there, after saying why."""
    hosts = {config.host_id(removal.instance): removal.instance for removal in removals}
    refused = deploy.repository.delete_all(list(hosts))
    for host, error in refused.items():
        report.count("RemovalsHeld")
        report.warn("host cannot be deleted", host=host, reason=str(error))
    if len(hosts) > len(refused):
        report.count("HostsRemoved", len(hosts) - len(refused))
    return frozenset(hosts[host] for host in refused)
