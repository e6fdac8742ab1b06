"""Where hosts differ from the template: a changed template is for new hosts only, so it is only told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.reconciliation.ownership import own_instance
from runtime.reconciliation.registration import NOT_COPIED, read_template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runtime.deploy.items import CI
    from runtime.deploy.metadata import Property
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.ports import DeployPort, Reporter


def report_drift(config: GroupConfig, deploy: DeployPort, report: Reporter) -> None:
    """Say which of the group's hosts differ from the template, and in what."""
    known = deploy.metadata.properties(config.host_type) or {}
    template = read_template(config, deploy)
    refs = deploy.repository.query(parent=config.infrastructure)
    ours = [ref.id for ref in refs if own_instance(config, ref.id) is not None]
    found = drift(template, deploy.repository.read_all(ours), known)
    for host, names in found.items():
        report.line("host differs from the template", host=host, properties=names)
    report.count("HostsDrifted", len(found))


def drift(template: CI, hosts: Sequence[CI], known: Mapping[str, Property]) -> dict[str, tuple[str, ...]]:
    """Return, by host id, the properties in which a host differs from the template (secrets left out)."""
    compared = [
        name
        for name in template
        if name not in NOT_COPIED and not name.startswith("$") and name in known and not known[name].password
    ]
    found = {
        host["id"]: tuple(name for name in compared if _plain(host.get(name)) != _plain(template.get(name)))
        for host in hosts
    }
    return {host: names for host, names in found.items() if names}


def _plain(value: object) -> object:
    """Return a value in the form in which two servers' or two types' writings of it are equal."""
    if isinstance(value, list):
        return sorted(map(str, value)) or None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value not in (None, "") else None
