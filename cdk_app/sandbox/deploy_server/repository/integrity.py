"""What must hold of the references between items after every write."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cdk_app.sandbox.deploy_server.errors import MissingReferenceError, RefusedError, StillReferencedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem
    from cdk_app.sandbox.deploy_server.repository.store import Repository

Find: TypeAlias = "Callable[[str], ConfigurationItem | None]"
"""Looks an item up as it will be after the write."""


def check_references(repository: Repository, find: Find, item: ConfigurationItem) -> None:
    """Refuse an item that refers to what is not there, or to what is of the wrong type.

    Raises
    ------
    MissingReferenceError, RefusedError
    """
    properties = repository.types.get(item.type).properties
    for name in repository.reference_names(item.type):
        value = item.properties.get(name)
        targets = (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()
        wanted = properties[name].referenced_type
        for target_id in targets:
            target = find(target_id)
            if target is None:
                raise MissingReferenceError(target_id)
            if wanted and not repository.types.is_a(target.type, wanted):
                raise RefusedError(
                    f"Property {name} of [{item.id}] takes {wanted}, and [{target_id}] is a {target.type}"
                )


def check_removals(repository: Repository, find: Find, removed: Mapping[str, str]) -> None:
    """Refuse to remove what others refer to.

    Parameters
    ----------
    removed
        Ids that go, each with the id whose deletion was asked for.

    Raises
    ------
    StillReferencedError
    """
    known: dict[str, frozenset[str]] = {}
    for ci_id, requested in removed.items():
        for referrer in repository.referrers(ci_id):
            if referrer not in known:
                after = find(referrer)
                known[referrer] = frozenset(repository.references(after) if after else ())
            if ci_id in known[referrer]:
                raise StillReferencedError(requested or ci_id, referrer)
