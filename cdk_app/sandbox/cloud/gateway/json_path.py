"""The JSONPath of mapping templates: names, quoted names, indices and ``*``. Pure."""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_][\w-]*|\*)            # .name
      | \[\s*'(?P<single>(?:[^'\\]|\\.)*)'\s*\]   # ['name']
      | \[\s*"(?P<double>(?:[^"\\]|\\.)*)"\s*\]   # ["name"]
      | \[\s*(?P<index>-?\d+|\*)\s*\]             # [0]
    """,
    re.VERBOSE,
)


class JsonPathError(ValueError):
    """A path that is not understood."""


def find(document: Any, path: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a path points at, ``None`` when it points at nothing.

    Parameters
    ----------
    document
        A JSON value.
    path
        Such as ``$``, ``$.detail.EC2InstanceId``, ``$['detail-type']`` or ``$.resources[0]``.

    Raises
    ------
    JsonPathError
        When the path is malformed or uses filters, slices or descent, which are not emulated.
    """
    if not path.startswith("$"):
        raise JsonPathError(f"a JSONPath begins with $: {path}")
    position, values, many = 1, [document], False
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise JsonPathError(f"cannot read {path[position:]!r} in the JSONPath {path!r}")
        position = step.end()
        if "*" in (step["name"], step["index"]):
            many = True
            values = [item for value in values for item in _items(value)]
        elif step["index"] is not None:
            values = [item for value in values for item in _at(value, int(step["index"]))]
        else:
            name = step["name"] or re.sub(r"\\(.)", r"\1", step["single"] or step["double"] or "")
            values = [value[name] for value in values if isinstance(value, dict) and name in value]
    if many:
        return values
    return values[0] if values else None


def _items(value: Any) -> list[Any]:  # noqa: ANN401 - as above
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _at(value: Any, index: int) -> list[Any]:  # noqa: ANN401 - as above
    return [value[index]] if isinstance(value, list) and -len(value) <= index < len(value) else []
