"""The repository: a tree of configuration items that refer to each other."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import EntityNotFoundError
from cdk_app.sandbox.deploy_server.repository.model import ROOT_TYPE, ROOTS, ConfigurationItem, History

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from cdk_app.sandbox.deploy_server.repository.change import Change
    from cdk_app.sandbox.deploy_server.repository.validation import Validator
    from cdk_app.sandbox.deploy_server.types import TypeRegistry


class Repository:
    """Keeps items and the indexes over them. All writes go through `transaction.Transaction`.

    Parameters
    ----------
    types
        The server's types.
    validator
        Checks what is written.
    clock
        Gives the time of a write.

    Attributes
    ----------
    listeners
        Called after each write.
    """

    def __init__(
        self,
        types: TypeRegistry,
        validator: Validator,
        clock: Callable[[], datetime],
    ) -> None:
        self.types = types
        self.validator = validator
        self.clock = clock
        self.listeners: list[Callable[[Change], None]] = []
        self._items: dict[str, ConfigurationItem] = {}
        self._children: dict[str, dict[str, None]] = {}
        self._referrers: dict[str, Counter[str]] = {}
        self._by_type: dict[str, dict[str, None]] = {}
        self._reference_names: dict[str, tuple[str, ...]] = {}
        self._last_internal_id = 0
        now = clock()
        for root in ROOTS:
            history = History("system", now, "system", now)
            self._add(ConfigurationItem(root, ROOT_TYPE, {}, root, history, self.next_internal_id()))

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[ConfigurationItem]:
        return iter(self._items.values())

    def __contains__(self, ci_id: object) -> bool:
        return ci_id in self._items

    def find(self, ci_id: str) -> ConfigurationItem | None:
        """Return the item with an id, if there is one."""
        return self._items.get(ci_id)

    def get(self, ci_id: str) -> ConfigurationItem:
        """Return the item with an id.

        Raises
        ------
        EntityNotFoundError
            There is none.
        """
        item = self._items.get(ci_id)
        if item is None:
            raise EntityNotFoundError(ci_id)
        return item

    def children(self, ci_id: str) -> list[str]:
        """Ids directly below an item, oldest first."""
        return list(self._children.get(ci_id, ()))

    def subtree(self, ci_id: str) -> list[str]:
        """Return an id and all ids below it, parents first."""
        found = [ci_id]
        for current in found:
            found.extend(self._children.get(current, ()))
        return found

    def referrers(self, ci_id: str) -> list[str]:
        """Ids of the items with a property that names this one; parents do not count."""
        return list(self._referrers.get(ci_id, ()))

    def of_type(self, type_name: str) -> list[ConfigurationItem]:
        """All items of a type and its subtypes."""
        return [
            self._items[ci_id]
            for concrete, ids in self._by_type.items()
            if self.types.is_a(concrete, type_name)
            for ci_id in ids
        ]

    def references(self, item: ConfigurationItem) -> list[str]:
        """Ids that the properties of an item name, repeats included."""
        found: list[str] = []
        for name in self.reference_names(item.type):
            value = item.properties.get(name)
            if isinstance(value, str):
                found.append(value)
            elif isinstance(value, tuple):
                found.extend(value)
        return found

    def reference_names(self, type_name: str) -> tuple[str, ...]:
        """Properties of a type that hold references, containment left out."""
        names = self._reference_names.get(type_name)
        if names is None:
            names = self._reference_names[type_name] = tuple(
                prop.name
                for prop in self.types.get(type_name).properties.values()
                if prop.kind.holds_references and not prop.as_containment
            )
        return names

    def next_internal_id(self) -> int:
        """Return a number no item has had."""
        self._last_internal_id += 1
        return self._last_internal_id

    def apply(self, change: Change) -> None:
        """Make a checked change; for `transaction.Transaction` only."""
        for ci_id in change.removed:
            self._remove(ci_id)
        for item in change.written:
            if item.id in self._items:
                self._unlink(self._items[item.id])
            self._add(item)
        for listener in self.listeners:
            listener(change)

    def restore(self, items: Iterable[ConfigurationItem]) -> None:
        """Take over the items of an earlier run of the server."""
        for item in items:
            if item.id in self._items:
                self._unlink(self._items[item.id])
            self._add(item)
            self._last_internal_id = max(self._last_internal_id, item.internal_id)

    def _add(self, item: ConfigurationItem) -> None:
        self._items[item.id] = item
        self._by_type.setdefault(item.type, {})[item.id] = None
        if item.parent is not None:
            self._children.setdefault(item.parent, {})[item.id] = None
        for target in self.references(item):
            self._referrers.setdefault(target, Counter())[item.id] += 1

    def _unlink(self, item: ConfigurationItem) -> None:
        for target in set(self.references(item)):
            counter = self._referrers[target]
            del counter[item.id]
            if not counter:
                del self._referrers[target]

    def _remove(self, ci_id: str) -> None:
        item = self._items.pop(ci_id)
        self._unlink(item)
        del self._by_type[item.type][ci_id]
        self._children.pop(ci_id, None)
        if item.parent is not None:
            self._children.get(item.parent, {}).pop(ci_id, None)
