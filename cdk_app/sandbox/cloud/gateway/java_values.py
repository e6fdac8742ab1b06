"""JSON values as templates meet them: with the methods of Java's collections, rendered as JSON."""

from __future__ import annotations

import json
from collections.abc import KeysView
from typing import Any


class JavaMap(dict[str, Any]):
    """A JSON object."""

    def __str__(self) -> str:
        return json.dumps(self, ensure_ascii=False, separators=(",", ":"))

    def keySet(self) -> KeysView[str]:  # noqa: N802 - Java's name
        """Return the names of the members."""
        return self.keys()

    def containsKey(self, key: str) -> bool:  # noqa: N802 - Java's name
        """Tell whether there is such a member."""
        return key in self

    def size(self) -> int:
        """Return the number of members."""
        return len(self)

    def isEmpty(self) -> bool:  # noqa: N802 - Java's name
        """Tell whether there is no member."""
        return not self


class JavaList(list[Any]):
    """A JSON array."""

    def __str__(self) -> str:
        return json.dumps(self, ensure_ascii=False, separators=(",", ":"))

    def get(self, index: int) -> Any:  # noqa: ANN401 - any JSON value
        """Return one element."""
        return self[index]

    def contains(self, value: object) -> bool:
        """Tell whether there is such an element."""
        return value in self

    def size(self) -> int:
        """Return the number of elements."""
        return len(self)

    def isEmpty(self) -> bool:  # noqa: N802 - Java's name
        """Tell whether there is no element."""
        return not self


def java_value(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with its objects and arrays as the classes above."""
    if isinstance(value, dict):
        return JavaMap({key: java_value(item) for key, item in value.items()})
    return JavaList(java_value(item) for item in value) if isinstance(value, list) else value
