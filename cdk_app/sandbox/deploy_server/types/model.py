"""What the server knows about a type of configuration item."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """Kinds of property, spelled as ``/metadata/type`` spells them."""

    BOOLEAN = "BOOLEAN"
    INTEGER = "INTEGER"
    STRING = "STRING"
    ENUM = "ENUM"
    DATE = "DATE"
    CI = "CI"
    SET_OF_CI = "SET_OF_CI"
    LIST_OF_CI = "LIST_OF_CI"
    SET_OF_STRING = "SET_OF_STRING"
    LIST_OF_STRING = "LIST_OF_STRING"
    MAP_STRING_STRING = "MAP_STRING_STRING"

    @property
    def holds_references(self) -> bool:
        """Whether values name other configuration items."""
        return self in _REFERENCES

    @property
    def is_collection(self) -> bool:
        """Whether values are lists or sets."""
        return self in _COLLECTIONS


_REFERENCES = frozenset({Kind.CI, Kind.SET_OF_CI, Kind.LIST_OF_CI})
_COLLECTIONS = frozenset({Kind.SET_OF_CI, Kind.LIST_OF_CI, Kind.SET_OF_STRING, Kind.LIST_OF_STRING})


@dataclass(frozen=True, slots=True)
class PropertyDescriptor:
    """One property of a type.

    Attributes
    ----------
    declared_by
        The type in whose definition the property (or its latest redefinition) stands.
    as_containment
        For ``CI``: the property is the parent. For collections of CIs: the children.
    pattern, pattern_message
        Regular expression that a value must match as a whole, and the text of the refusal.
    """

    name: str
    kind: Kind
    declared_by: str
    label: str
    description: str = ""
    category: str = "Common"
    required: bool = True
    default: str | None = None
    password: bool = False
    hidden: bool = False
    transient: bool = False
    as_containment: bool = False
    referenced_type: str | None = None
    enum_values: tuple[str, ...] = ()
    size: str = "DEFAULT"
    pattern: str | None = None
    pattern_message: str | None = None

    @property
    def is_parent(self) -> bool:
        """Whether the property names the item that contains this one."""
        return self.as_containment and self.kind is Kind.CI

    @property
    def is_children(self) -> bool:
        """Whether the property lists the items contained in this one."""
        return self.as_containment and self.kind is not Kind.CI


@dataclass(frozen=True, slots=True)
class ControlTask:
    """An operation that a type offers besides being deployed, such as ``checkConnection``."""

    name: str
    label: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A type with everything it inherits.

    Attributes
    ----------
    super_types
        Classes it extends, nearest first.
    interfaces
        Interfaces it implements, directly or through a super type.
    root
        Name of the root node under which instances live, ``None`` if they need another parent.
    deployable_type, container_type
        For deployed types: what is deployed, and where to.
    """

    type: str
    properties: Mapping[str, PropertyDescriptor]
    virtual: bool = False
    description: str = ""
    root: str | None = None
    super_types: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    deployable_type: str | None = None
    container_type: str | None = None
    control_tasks: tuple[ControlTask, ...] = ()
    kinds: frozenset[str] = field(default=frozenset(), repr=False)

    def is_a(self, type_name: str) -> bool:
        """Whether instances count as instances of ``type_name``."""
        return type_name in self.kinds
