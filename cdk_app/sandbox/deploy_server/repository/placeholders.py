"""Placeholders ``{{name}}`` in texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}\s][^{}]*?)\s*\}\}")


def placeholders_in(text: str) -> list[str]:
    """Names of the placeholders in a text, each once, in order."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def replace_placeholders(text: str, value_of: Callable[[str], str | None]) -> str:
    """Return a text with each placeholder replaced by its value; without one it stays as it is."""

    def replacement(match: re.Match[str]) -> str:
        value = value_of(match.group(1))
        return match.group(0) if value is None else value

    return _PLACEHOLDER.sub(replacement, text)
