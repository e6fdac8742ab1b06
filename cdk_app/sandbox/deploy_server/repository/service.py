"""Repository calls with their permissions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import EntityNotFoundError, PermissionDeniedError, RefusedError
from cdk_app.sandbox.deploy_server.repository.artifacts import INTERNAL, scan
from cdk_app.sandbox.deploy_server.repository.model import (
    ROOTS,
    ConfigurationItem,
    Draft,
    ValidationMessage,
    Value,
    parent_of,
)
from cdk_app.sandbox.deploy_server.repository.query import Query, page_of, search
from cdk_app.sandbox.deploy_server.repository.transaction import Transaction
from cdk_app.sandbox.deploy_server.security.model import EDIT, READ, User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cdk_app.sandbox.deploy_server.repository.artifacts import ArtifactStore
    from cdk_app.sandbox.deploy_server.repository.model import Raw
    from cdk_app.sandbox.deploy_server.repository.store import Repository
    from cdk_app.sandbox.deploy_server.security.permissions import Permissions
    from cdk_app.sandbox.deploy_server.settings import Behaviour

_ARTIFACT = "udm.SourceArtifact"
_KEPT_BY_SERVER = ("fileUri", "checksum", "placeholders")


@dataclass(frozen=True, slots=True)
class Stored:
    """An item after a write, with the findings that did not prevent it."""

    item: ConfigurationItem
    messages: Sequence[ValidationMessage] = ()


@dataclass(frozen=True, slots=True)
class RepositoryService:
    """What users may do with configuration items."""

    repository: Repository
    artifacts: ArtifactStore
    permissions: Permissions
    behaviour: Behaviour

    def read(self, user: User, ci_id: str) -> ConfigurationItem:
        """One item.

        Raises
        ------
        EntityNotFoundError, PermissionDeniedError
        """
        item = self.repository.get(ci_id)
        if ci_id not in ROOTS:
            self.permissions.require(user, READ, ci_id)
        return item

    def read_many(self, user: User, ids: Iterable[str]) -> list[ConfigurationItem]:
        """Items by id; what the user may not read is left out silently (attested).

        Raises
        ------
        EntityNotFoundError
            One does not exist.
        """
        readable = self.permissions.readable(user)
        return [
            self.repository.get(ci_id) for ci_id in ids if ci_id not in self.repository or readable(ci_id)
        ]

    def create(self, user: User, drafts: Sequence[Draft]) -> list[Stored]:
        """Create items together."""
        return self._write(user, drafts, lambda transaction, draft: transaction.create(draft))

    def update(self, user: User, draft: Draft) -> Stored:
        """Replace all properties of an item."""
        return self._write(user, [draft], lambda transaction, draft: transaction.update(draft))[0]

    def put(self, user: User, drafts: Sequence[Draft]) -> list[Stored]:
        """Create what is missing and update the rest, together."""
        return self._write(user, drafts, lambda transaction, draft: transaction.put(draft))

    def validate(self, user: User, drafts: Sequence[Draft]) -> list[tuple[Draft, list[ValidationMessage]]]:
        """Return findings for items as if they were written; nothing is."""
        validator = self.repository.validator
        del user
        return [(draft, validator.check(draft)[1]) for draft in drafts]

    def delete(self, user: User, ids: Sequence[str], *, missing_ok: bool) -> None:
        """Remove items with all below them, together.

        Parameters
        ----------
        missing_ok
            Whether ids that do not exist are passed over.
        """
        transaction = Transaction(self.repository, user.name)
        for ci_id in ids:
            if ci_id not in self.repository and missing_ok:
                continue
            transaction.delete(ci_id)
            self._require_edit(user, ci_id)
        transaction.commit()

    def rename(self, user: User, ci_id: str, new_name: str) -> ConfigurationItem:
        """Give an item another name; references follow."""
        if not new_name or "/" in new_name:
            raise RefusedError(f"[{new_name}] is not a valid name")
        return self._move(user, ci_id, f"{parent_of(ci_id) or ''}/{new_name}".strip("/"))

    def move(self, user: User, ci_id: str, new_id: str) -> ConfigurationItem:
        """Give an item another place below the same root node."""
        self._require_edit(user, new_id)
        return self._move(user, ci_id, new_id)

    def copy(self, user: User, ci_id: str, new_id: str) -> ConfigurationItem:
        """Duplicate an item and all below it."""
        transaction = Transaction(self.repository, user.name)
        transaction.copy(ci_id, new_id)
        self.permissions.require(user, READ, ci_id)
        self._require_edit(user, new_id)
        transaction.commit()
        return self.repository.get(new_id)

    def search(self, user: User, query: Query) -> list[ConfigurationItem]:
        """Items that fulfil a query and that the user may read."""
        return search(self.repository, query, self.permissions.readable(user), cap=self.behaviour.query_cap)

    def candidates(
        self, user: User, type_name: str, property_name: str, query: Query
    ) -> list[ConfigurationItem]:
        """Items that a reference property of a type can take.

        Raises
        ------
        RefusedError
            The type has no such property.
        """
        prop = self.repository.types.get(type_name).properties.get(property_name)
        if prop is None or not prop.kind.holds_references:
            raise RefusedError(f"Type {type_name} has no reference property {property_name}")
        found = search(
            self.repository,
            replace(query, type=prop.referenced_type, page=0, results_per_page=-1),
            self.permissions.readable(user),
        )
        return page_of(found, query.page, query.results_per_page)

    def store_artifact(self, user: User, draft: Draft, content: bytes, file_name: str) -> Stored:
        """Create or update an item together with its content.

        Raises
        ------
        RefusedError
            The type is not an artifact.
        """
        descriptor = self.repository.types.get(draft.type)
        if not descriptor.is_a(_ARTIFACT):
            raise RefusedError(f"[{draft.id}] is a {draft.type}, not an artifact")
        checksum = self.artifacts.add(content)
        scans = draft.properties.get("scanPlaceholders") not in (False, "false")
        properties = {
            **draft.properties,
            "fileUri": INTERNAL + file_name,
            "checksum": draft.properties.get("checksum") or checksum,
            "placeholders": [*(scan(content) if scans else ())],
        }
        return self.put(user, [replace(draft, properties=properties)])[0]

    def rewrite(self, ci_id: str) -> None:
        """Write an item once more as it is, as if somebody else had; nothing happens if it does not exist."""
        item = self.repository.find(ci_id)
        if item is not None and item.parent is not None:
            transaction = Transaction(self.repository, "somebody else")
            transaction.store(item.id, item.type, item.properties)
            transaction.commit()

    def _write(
        self, user: User, drafts: Sequence[Draft], write: Callable[[Transaction, Draft], None]
    ) -> list[Stored]:
        if not self.behaviour.batch_atomic and len(drafts) > 1:
            return [stored for draft in drafts for stored in self._write(user, [draft], write)]
        transaction = Transaction(self.repository, user.name)
        for draft in drafts:
            write(transaction, self._with_content(draft))
        for draft in drafts:
            self._require_edit(user, draft.id)
        readable = self.permissions.readable(user)
        for target in transaction.added_references():
            if not readable(target):
                raise PermissionDeniedError(READ, target)
        transaction.commit()
        return [
            Stored(self.repository.get(draft.id), transaction.messages.get(draft.id, ())) for draft in drafts
        ]

    def _with_content(self, draft: Draft) -> Draft:
        """Return a draft of an artifact keeps the content that it does not mention."""
        current = self.repository.find(draft.id)
        if current is None or not self.repository.types.is_a(draft.type, _ARTIFACT):
            return draft
        kept: dict[str, Raw] = {
            name: _raw(current.properties[name])
            for name in _KEPT_BY_SERVER
            if name in current.properties and name not in draft.properties
        }
        return replace(draft, properties={**draft.properties, **kept})

    def _move(self, user: User, ci_id: str, new_id: str) -> ConfigurationItem:
        transaction = Transaction(self.repository, user.name)
        transaction.move(ci_id, new_id)
        self._require_edit(user, ci_id)
        transaction.commit()
        moved = self.repository.find(new_id)
        if moved is None:
            raise EntityNotFoundError(new_id)
        return moved

    def _require_edit(self, user: User, ci_id: str) -> None:
        if not self.permissions.is_admin(user):
            self.permissions.require(user, EDIT, parent_of(ci_id) or ci_id)


def _raw(value: Value) -> Raw:
    return list(value) if isinstance(value, tuple) else str(value)
