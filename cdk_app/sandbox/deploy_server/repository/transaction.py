"""A group of writes that keep the repository's integrity, or do not happen."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import (
    AlreadyExistsError,
    EntityNotFoundError,
    InvalidItemsError,
    MissingParentError,
    RefusedError,
    StaleTokenError,
)
from cdk_app.sandbox.deploy_server.repository.change import Change
from cdk_app.sandbox.deploy_server.repository.integrity import check_references, check_removals
from cdk_app.sandbox.deploy_server.repository.model import (
    ROOTS,
    ConfigurationItem,
    Draft,
    History,
    ValidationMessage,
    Value,
    is_below,
    name_of,
    root_of,
)
from cdk_app.sandbox.deploy_server.repository.validation import placement_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cdk_app.sandbox.deploy_server.repository.store import Repository

_APPLICATION = "udm.Application"


class Transaction:
    """Collects writes; `commit` checks them together, so a child may be written before its parent.

    Parameters
    ----------
    repository
        Where to write.
    user
        Recorded as the author.
    """

    def __init__(self, repository: Repository, user: str) -> None:
        self._repository = repository
        self._user = user
        self._written: dict[str, ConfigurationItem] = {}
        self._removed: dict[str, None] = {}
        self._requested: dict[str, str] = {}
        self._drafts: dict[str, Draft] = {}
        self._moved: dict[str, str] = {}
        self.messages: dict[str, list[ValidationMessage]] = {}

    def find(self, ci_id: str) -> ConfigurationItem | None:
        """Return an item as it will be after the commit."""
        if ci_id in self._written:
            return self._written[ci_id]
        return None if ci_id in self._removed else self._repository.find(ci_id)

    def create(self, draft: Draft) -> None:
        """Add an item.

        Raises
        ------
        AlreadyExistsError
            The id is taken.
        """
        if self.find(draft.id) is not None:
            raise AlreadyExistsError(draft.id)
        self._check_application_name(draft)
        now = self._repository.clock()
        history = History(self._user, now, self._user, now)
        self._write(draft, history, None)

    def update(self, draft: Draft) -> None:
        """Replace all properties of an item.

        Raises
        ------
        EntityNotFoundError
            There is no such item.
        StaleTokenError
            The draft has a token, and it is not the current one.
        RefusedError
            The type is another, or the item is a root node.
        """
        current = self.find(draft.id)
        if current is None:
            raise EntityNotFoundError(draft.id)
        if draft.id in ROOTS:
            raise RefusedError(f"Root node [{draft.id}] cannot be changed")
        if draft.token and draft.token != current.token:
            raise StaleTokenError(draft.id)
        if draft.type != current.type:
            raise RefusedError(f"Cannot change the type of [{draft.id}] from {current.type} to {draft.type}")
        history = replace(current.history, modified_by=self._user, modified_at=self._repository.clock())
        self._write(draft, history, current)

    def put(self, draft: Draft) -> None:
        """Create the item, or update it if it exists."""
        if self.find(draft.id) is None:
            self.create(draft)
        else:
            self.update(draft)

    def store(self, ci_id: str, type_name: str, values: Mapping[str, Value]) -> None:
        """Write values that are checked already, as a deployment does for its deployeds."""
        current, now = self.find(ci_id), self._repository.clock()
        history = (
            History(self._user, now, self._user, now)
            if current is None
            else replace(current.history, modified_by=self._user, modified_at=now)
        )
        self._put(ci_id, type_name, values, history, current)

    def delete(self, ci_id: str) -> None:
        """Remove an item and all below it.

        Raises
        ------
        EntityNotFoundError
            There is no such item.
        RefusedError
            It is a root node.
        """
        if ci_id in ROOTS:
            raise RefusedError(f"Root node [{ci_id}] cannot be deleted")
        if ci_id in self._removed:
            return
        if self._repository.find(ci_id) is None:
            raise EntityNotFoundError(ci_id)
        for below in self._repository.subtree(ci_id):
            self._removed[below] = None
            self._requested.setdefault(below, ci_id)
            self._written.pop(below, None)

    def move(self, ci_id: str, new_id: str) -> None:
        """Give an item and all below it another place or name; references follow.

        Raises
        ------
        EntityNotFoundError, AlreadyExistsError
            Nothing is there, or something is at the new place.
        RefusedError
            Root nodes do not move, and nothing moves to another root node or below itself.
        """
        if ci_id in ROOTS:
            raise RefusedError(f"Root node [{ci_id}] cannot be moved or renamed")
        if self.find(ci_id) is None:
            raise EntityNotFoundError(ci_id)
        if root_of(new_id) != root_of(ci_id):
            raise RefusedError(f"Cannot move [{ci_id}] to another root node")
        if new_id != ci_id and is_below(new_id, ci_id):
            raise RefusedError(f"Cannot move [{ci_id}] below itself")
        if self.find(new_id) is not None:
            raise AlreadyExistsError(new_id)
        self._moved = renamed = {old: new_id + old[len(ci_id) :] for old in self._repository.subtree(ci_id)}
        touched = dict.fromkeys(renamed)
        for old in renamed:
            touched.update(dict.fromkeys(self._repository.referrers(old)))
        for old in touched:
            item = self._repository.get(old)
            token = str(uuid.uuid4()) if old == ci_id else item.token
            values = self._renamed_references(item, renamed)
            moved = replace(item, id=renamed.get(old, old), properties=values, token=token)
            if old in renamed:
                self._removed[old] = None
                self._requested[old] = ""
            self._written[moved.id] = moved

    def copy(self, ci_id: str, new_id: str) -> None:
        """Duplicate an item and all below it; references inside the copy point into the copy.

        Applications inside get `` Copy`` appended, because their names are unique (attested).

        Raises
        ------
        EntityNotFoundError, AlreadyExistsError
            Nothing is there, or something is at the new place.
        RefusedError
            Root nodes cannot be copied, and nothing is copied to another root node.
        """
        if ci_id in ROOTS:
            raise RefusedError(f"Root node [{ci_id}] cannot be copied")
        self._repository.get(ci_id)
        if root_of(new_id) != root_of(ci_id):
            raise RefusedError(f"Cannot copy [{ci_id}] to another root node")
        if self.find(new_id) is not None:
            raise AlreadyExistsError(new_id)
        copies = {ci_id: new_id}
        for old in self._repository.subtree(ci_id)[1:]:
            item = self._repository.get(old)
            suffix = " Copy" if item.type == _APPLICATION else ""
            copies[old] = f"{copies[item.parent or '']}/{item.name}{suffix}"
        now = self._repository.clock()
        for old, new in copies.items():
            item = self._repository.get(old)
            values = self._renamed_references(item, copies)
            self._put(new, item.type, values, History(self._user, now, self._user, now), None)

    def added_references(self) -> set[str]:
        """Ids that items will newly refer to, and that exist already."""
        added: set[str] = set()
        for item in self._written.values():
            before = self._repository.find(item.id)
            known = set(self._repository.references(before)) if before else set()
            added.update(set(self._repository.references(item)) - known)
        return {ci_id for ci_id in added if ci_id in self._repository}

    def check(self) -> None:
        """Check everything that `commit` checks, and change nothing.

        Raises
        ------
        InvalidItemsError
            Items break the rules of their types.
        MissingParentError, MissingReferenceError, StillReferencedError
            The repository would lose its integrity.
        """
        for item in self._written.values():
            self._check_place(item)
        errors = [
            draft
            for ci_id, draft in self._drafts.items()
            if any(message.level == "ERROR" for message in self.messages.get(ci_id, ()))
        ]
        if errors:
            raise InvalidItemsError(list(self._drafts.values()), self.messages)
        for item in self._written.values():
            check_references(self._repository, self.find, item)
        gone = {ci_id: why for ci_id, why in self._requested.items() if ci_id not in self._written}
        check_removals(self._repository, self.find, gone)

    def commit(self) -> None:
        """Check and write everything; see `check` for what is raised."""
        self.check()
        self._repository.apply(Change(tuple(self._written.values()), tuple(self._removed), self._moved))

    def _write(self, draft: Draft, history: History, current: ConfigurationItem | None) -> None:
        values, messages = self._repository.validator.check(draft)
        self._drafts[draft.id] = draft
        self.messages[draft.id] = messages
        types = self._repository.types.get(draft.type)
        kept = {name: value for name, value in values.items() if not types.properties[name].transient}
        self._put(draft.id, draft.type, kept, history, current)

    def _put(
        self,
        ci_id: str,
        type_name: str,
        values: Mapping[str, Value],
        history: History,
        current: ConfigurationItem | None,
    ) -> None:
        internal_id = current.internal_id if current else self._repository.next_internal_id()
        self._written[ci_id] = ConfigurationItem(
            ci_id, type_name, values, str(uuid.uuid4()), history, internal_id
        )

    def _renamed_references(self, item: ConfigurationItem, names: Mapping[str, str]) -> dict[str, Value]:
        references = self._repository.reference_names(item.type)
        return {
            name: _renamed(value, names) if name in references else value
            for name, value in item.properties.items()
        }

    def _check_place(self, item: ConfigurationItem) -> None:
        parent = self.find(item.parent) if item.parent else None
        if parent is None:
            raise MissingParentError(item.id, item.parent or "")
        types = self._repository.types
        problem = placement_error(types, item.id, types.get(item.type), parent.type)
        if problem is not None:
            if item.id not in self._drafts:
                raise RefusedError(problem)
            message = ValidationMessage(item.id, None, problem)
            if message not in self.messages[item.id]:
                self.messages[item.id].append(message)

    def _check_application_name(self, draft: Draft) -> None:
        """Application names are unique over all directories (attested for copies, weakly for creates)."""
        if draft.type != _APPLICATION:
            return
        others: Iterable[ConfigurationItem] = (
            *self._repository.of_type(_APPLICATION),
            *self._written.values(),
        )
        for other in others:
            if (
                other.type == _APPLICATION
                and other.name == name_of(draft.id)
                and self.find(other.id) is other
            ):
                raise AlreadyExistsError(other.id)


def _renamed(value: Value, names: Mapping[str, str]) -> Value:
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, tuple):
        return tuple(names.get(item, item) for item in value)
    return value
