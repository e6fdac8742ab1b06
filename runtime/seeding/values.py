"""Property values on their way from CloudFormation to Deploy and back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from runtime.deploy.items import references

if TYPE_CHECKING:
    from runtime.deploy.metadata import Property


def typed(value: Any, prop: Property) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Return a value in the JSON type of its property: CloudFormation makes text of numbers and booleans.

    Raises
    ------
    ValueError
        It has no such form; the text says what was expected.
    """
    if prop.kind == "BOOLEAN":
        if str(value).lower() not in {"true", "false"}:
            raise ValueError("true or false")
        return str(value).lower() == "true"
    if prop.kind == "INTEGER":
        if not re.fullmatch(r"-?\d+", str(value)):
            raise ValueError("a whole number")
        return int(value)
    if prop.kind.startswith(("SET_OF", "LIST_OF")):
        return [str(item) for item in value] if isinstance(value, list) else [str(value)]
    if prop.kind == "MAP_STRING_STRING":
        if not isinstance(value, dict):
            raise ValueError("keys and values")
        return {str(key): str(item) for key, item in value.items()}
    if not isinstance(value, str | int | float):
        raise ValueError("a text")
    return str(value)


def same(wanted: Any, found: Any) -> bool:  # noqa: ANN401 - JSON
    """Tell whether a value that was read means what is wanted, whatever the server's way of writing it."""
    if isinstance(wanted, list):
        if not isinstance(found, list):
            return not wanted and found is None
        return sorted(wanted) == sorted(references(found))
    if isinstance(wanted, dict):
        return bool(wanted == (found or {}))
    if isinstance(found, dict):
        return references([found]) == (wanted,)
    if isinstance(wanted, bool):
        return str(wanted).lower() == str(found).lower()
    return found is not None and str(wanted) == str(found)
