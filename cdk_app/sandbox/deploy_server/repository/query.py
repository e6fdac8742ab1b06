"""Search for configuration items, as ``/repository/query`` and its later versions do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.repository.model import is_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem
    from cdk_app.sandbox.deploy_server.repository.store import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    r"""What to look for; all conditions must hold.

    Attributes
    ----------
    type
        Type, subtypes included.
    parent, ancestor
        Direct parent, or any item above; a leading slash is ignored.
    name_pattern, id_pattern
        Patterns on the last element or the whole id, with ``%`` as wildcard and ``\%`` as a percent sign.
    page, results_per_page
        Page number from 0, and its size; a size of 0 or less means everything.
    """

    type: str | None = None
    parent: str | None = None
    ancestor: str | None = None
    name_pattern: str | None = None
    id_pattern: str | None = None
    modified_before: datetime | None = None
    modified_after: datetime | None = None
    page: int = 0
    results_per_page: int = -1


def search(
    repository: Repository, query: Query, readable: Callable[[str], bool], *, cap: int | None = None
) -> list[ConfigurationItem]:
    """Items that fulfil a query and that the user may read, sorted by id.

    Parameters
    ----------
    readable
        Whether the user may read an item; others are left out silently.
    cap
        Largest page the server gives, ``None`` for no limit.
    """
    name, whole = _pattern(query.name_pattern), _pattern(query.id_pattern)
    ancestor = query.ancestor.strip("/") if query.ancestor else None
    found = [
        item
        for item in _candidates(repository, query)
        if (ancestor is None or (item.id != ancestor and is_below(item.id, ancestor)))
        and (name is None or name(item.name))
        and (whole is None or whole(item.id))
        and (query.modified_before is None or item.history.modified_at < query.modified_before)
        and (query.modified_after is None or item.history.modified_at > query.modified_after)
        and readable(item.id)
    ]
    found.sort(key=lambda item: item.id)
    return page_of(found, query.page, query.results_per_page, cap)


def page_of(
    found: list[ConfigurationItem], page: int, size: int, cap: int | None = None
) -> list[ConfigurationItem]:
    """One page of a result; a size of 0 or less means everything, up to the cap."""
    if cap is not None and (size <= 0 or size > cap):
        size = cap
    if size <= 0:
        return found
    return found[page * size : (page + 1) * size]


def _candidates(repository: Repository, query: Query) -> Iterable[ConfigurationItem]:
    if query.parent:
        children = [repository.get(ci_id) for ci_id in repository.children(query.parent.strip("/"))]
        return [item for item in children if not query.type or repository.types.is_a(item.type, query.type)]
    if query.type:
        return repository.of_type(query.type)
    return [item for item in repository if item.parent is not None]


def _pattern(pattern: str | None) -> Callable[[str], bool] | None:
    """Exact and case-sensitive without a wildcard, ignoring case with one (attested)."""
    if not pattern:
        return None
    parts = re.split(r"(?<!\\)%", pattern)
    literal = [part.replace("\\%", "%") for part in parts]
    if len(literal) == 1:
        return lambda text: text == literal[0]
    compiled = re.compile(".*".join(re.escape(part) for part in literal), re.IGNORECASE | re.DOTALL)
    return lambda text: compiled.fullmatch(text) is not None
