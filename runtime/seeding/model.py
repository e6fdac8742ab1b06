"""What a custom resource asks the seeder for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runtime.deploy.names import ci_name
from runtime.reconciliation.config import SecretSource
from runtime.seeding.errors import SeedError

if TYPE_CHECKING:
    from collections.abc import Mapping


ROOTS = frozenset({"Applications", "Configuration", "Environments", "Infrastructure"})
"""Ids that are always there."""

DIRECTORY, ENVIRONMENT, APPLICATION = "core.Directory", "udm.Environment", "udm.DeployedApplication"


def directories(ci_id: str) -> list[str]:
    """Return the root and the directories above a CI, outermost first."""
    parts = ci_id.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts))]


@dataclass(frozen=True, slots=True)
class Item:
    """A CI that should exist.

    Attributes
    ----------
    id, type : str
        The CI; a root of the repository as a directory asks for its permissions alone.
    properties : dict
        The properties that we own; others are left to people.
    secrets : dict
        Secret property to where its value is kept.
    optional : str or None
        What the type comes with; without the type the item is left out, and this is named.
    otherwise : Item or None
        What to create instead when the server does not have the type.
    """

    id: str
    type: str
    properties: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, SecretSource] = field(default_factory=dict)
    optional: str | None = None
    otherwise: Item | None = None


@dataclass(frozen=True, slots=True)
class SeedRequest:
    """The properties of the custom resource.

    Attributes
    ----------
    name : str
        Name of the record, and physical id of the resource.
    items : tuple of Item
        In order: what refers to another comes after it.
    hosts : str or None
        Directory of the hosts of `group`, which are removed with the resource.
    group : str or None
        CI name of the Auto Scaling group.
    """

    name: str
    items: tuple[Item, ...]
    hosts: str | None = None
    group: str | None = None


def parse(properties: Mapping[str, Any]) -> SeedRequest:
    """Return what the properties of a custom resource ask for.

    Raises
    ------
    SeedError
        A required property is missing.
    """
    group = ci_name(properties["Group"]) if properties.get("Group") else None
    try:
        return SeedRequest(
            name=str(properties["Name"]),
            items=tuple(_item(item, group) for item in properties.get("Items") or ()),
            hosts=_named(properties.get("Hosts"), group),
            group=group,
        )
    except KeyError as error:
        raise SeedError(f"the seeder's resource lacks {error}") from None


def _item(values: Mapping[str, Any], group: str | None) -> Item:
    return Item(
        id=_named(values["id"], group),
        type=values["type"],
        properties=_named(dict(values.get("properties") or {}), group),
        secrets={
            name: SecretSource(
                source.get("parameter"),
                source.get("secret"),
                source.get("field"),
                optional=str(source.get("optional")).lower() == "true",
            )
            for name, source in (values.get("secretProperties") or {}).items()
        },
        optional=values.get("optional"),
        otherwise=_item(values["otherwise"], group) if values.get("otherwise") else None,
    )


def _named(value: Any, group: str | None) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Return a JSON value with the group's CI name in place of ``{group}``."""
    if isinstance(value, str):
        return value.replace("{group}", group) if group is not None else value
    if isinstance(value, list):
        return [_named(item, group) for item in value]
    if isinstance(value, dict):
        return {key: _named(item, group) for key, item in value.items()}
    return value
