"""Configuration items as clients send them and as the repository keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ROOTS = ("Applications", "Environments", "Infrastructure", "Configuration")
ROOT_TYPE = "internal.Root"
DIRECTORY = "core.Directory"

Raw: TypeAlias = "str | int | bool | list[Raw] | dict[str, Raw] | None"
"""A property value as decoded from a body: JSON's value types, whatever the format was."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is never shown in clear."""

    clear: str = field(repr=False)


Value: TypeAlias = "str | int | bool | Secret | tuple[str, ...] | Mapping[str, str | Secret]"
"""A property value by kind: text, number, flag, secret, ids or texts, entries."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A configuration item as a client sends it: not yet checked against its type.

    Attributes
    ----------
    token
        The version that the client read, ``None`` when it sent none.
    """

    id: str
    type: str
    properties: Mapping[str, Raw] = field(repr=False)
    token: str | None = None


@dataclass(frozen=True, slots=True)
class ValidationMessage:
    """What is wrong with an item or one of its properties.

    Attributes
    ----------
    property
        Name of the property, ``None`` for the item as a whole.
    level
        ``ERROR`` blocks the write, ``WARNING`` does not.
    """

    ci_id: str
    property: str | None
    text: str
    level: str = "ERROR"


@dataclass(frozen=True, slots=True)
class History:
    """Who wrote an item, and when."""

    created_by: str
    created_at: datetime
    modified_by: str
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class ConfigurationItem:
    """A stored item.

    Attributes
    ----------
    properties
        Stored values by name: no containment properties, no transient ones, nothing unset.
    token
        Identifies this version of the item; every write makes a new one.
    internal_id
        Number of the item, never changed by a rename.
    """

    id: str
    type: str
    properties: Mapping[str, Value] = field(repr=False)
    token: str
    history: History = field(repr=False)
    internal_id: int

    @property
    def name(self) -> str:
        """Last element of the id."""
        return name_of(self.id)

    @property
    def parent(self) -> str | None:
        """Id of the containing item, ``None`` for a root node."""
        return parent_of(self.id)


def name_of(ci_id: str) -> str:
    """Last element of an id."""
    return ci_id.rpartition("/")[2]


def parent_of(ci_id: str) -> str | None:
    """Id of the containing item, ``None`` for a root node."""
    return ci_id.rpartition("/")[0] or None


def root_of(ci_id: str) -> str:
    """Name of the root node above an id."""
    return ci_id.partition("/")[0]


def ancestors_of(ci_id: str) -> list[str]:
    """Ids above an id, root node first."""
    parts = ci_id.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def is_below(ci_id: str, ancestor: str) -> bool:
    """Whether an id is the ancestor's or lies below it."""
    return ci_id == ancestor or ci_id.startswith(ancestor + "/")
