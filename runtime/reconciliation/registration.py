"""Creates the hosts of new instances from the group's template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.deploy.errors import Refused
from runtime.reconciliation.errors import Fatal, Retry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runtime.deploy.items import CI
    from runtime.deploy.metadata import Property
    from runtime.reconciliation.actions import Register
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.ports import DeployPort, SecretsPort

NOT_COPIED = frozenset({"id", "type", "address"})
"""What a host does not take from the template."""


def register(
    config: GroupConfig, deploy: DeployPort, secrets: SecretsPort, wanted: Sequence[Register]
) -> dict[str, Retry]:
    """Create hosts; return, by instance id, why Deploy has not accepted a host, with its words.

    A create can be refused although it looks like a success: hosts that the answer does not show as stored
    are looked for.

    Raises
    ------
    Fatal
        There is no template, or Deploy does not know a secret's property.
    """
    template = read_template(config, deploy)
    known = deploy.metadata.properties(config.host_type)
    if known is None:
        raise Fatal(
            f"the Deploy server does not have the type {config.host_type}: install its remoting plugin"
        )
    for name in config.secrets.keys() - known.keys():
        raise Fatal(
            f"the Deploy server's {config.host_type} has no property {name}: "
            "install the plugin of this package"
        )
    values = {name: secrets.value(source) for name, source in config.secrets.items()}
    for value in values.values():
        deploy.protect(value)
    items = {
        item.instance: host_item(config, template, known, values, item.instance, item.address)
        for item in wanted
    }
    stored = deploy.repository.create_all(list(items.values()))
    refused: dict[str, Retry] = {}
    if any(item["id"] not in stored for item in items.values()):
        stored |= {ref.id for ref in deploy.repository.query(parent=config.infrastructure)}
        for instance_id, item in items.items():
            if item["id"] not in stored:
                try:
                    _create(deploy, item)
                except Retry as error:
                    refused[instance_id] = error
    return refused


def read_template(config: GroupConfig, deploy: DeployPort) -> CI:
    """Return the first of the group's templates that exists."""
    # One by one: the first is usually there, and a call for all is refused when one of them is missing.
    for template in config.templates:
        item = deploy.repository.read(template)
        if item is not None:
            return item
    raise Fatal(f"none of the host templates exists: {', '.join(config.templates)}")


def host_item(
    config: GroupConfig,
    template: CI,
    known: Mapping[str, Property],
    secrets: Mapping[str, str],
    instance_id: str,
    address: str,
) -> CI:
    """Return the host CI of an instance.

    Secrets are never copied from the template: a read masks or encrypts them, and writing that back would
    store the mask.
    """
    copied = {
        name: value
        for name, value in template.items()
        if name not in NOT_COPIED
        and not name.startswith("$")
        and name in known
        and not known[name].password
        and value is not None
    }
    placed = {"jumpstation": config.jumpstation} if config.jumpstation else {}
    return {
        "id": config.host_id(instance_id),
        "type": config.host_type,
        **copied,
        **placed,
        **secrets,
        "address": address,
    }


def _create(deploy: DeployPort, item: CI) -> None:
    try:
        deploy.repository.create(item)
    except Refused as error:
        raise Retry(f"host {item['id']} was not accepted: {error}") from None
    if deploy.repository.read(item["id"]) is None:
        raise Retry(f"host {item['id']} was accepted, but it does not exist")
