"""How Deploy writes configuration items (CIs) and references to them in JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runtime.deploy.transport import VALIDATION_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CI = dict[str, Any]
"""A configuration item as JSON: ``id``, ``type``, ``$…`` fields, and its properties beside them."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A query's answer: the id and the type of one CI."""

    id: str
    type: str


def reference(value: object) -> str:
    """Return the id in any of the shapes in which a reference is known to be written."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        for key in ("ci-ref", "ref", "ci", "id"):
            if isinstance(value.get(key), str):
                return str(value[key])
    raise ValueError(f"not a reference to a CI: {type(value).__name__}")


def references(values: Iterable[object] | None) -> tuple[str, ...]:
    """Return the ids of a collection of references."""
    return tuple(reference(value) for value in values or ())


def messages(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the validation messages of a CI that block it (level ERROR, or none that we know)."""
    found = []
    for key in VALIDATION_KEYS:
        for message in item.get(key) or ():
            if str(message.get("level", "ERROR")).upper() not in {"WARNING", "INFO"}:
                name = message.get("property") or message.get("propertyName")
                found.append(f"{name}: {message.get('message')}" if name else str(message.get("message")))
    return tuple(found)
