"""Versions and ranges of versions, as application dependencies name them.

Source: vendor page on application dependencies. Versions are compared part by part, numbers as numbers;
``[1.0,2.0)`` is a range in Maven's notation, and a bare version means exactly that one.
"""

from __future__ import annotations

import re

_RANGE = re.compile(r"([\[(])\s*([^,\[\]()]*?)\s*,\s*([^,\[\]()]*?)\s*([\])])")


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Return what sorts versions: ``1.9`` before ``1.10``, ``1.0`` beside ``1``, texts after numbers."""
    parts = [part for part in re.split(r"[.\-_]", version) if part]
    while parts and parts[-1] == "0":
        parts.pop()
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part.lower()) for part in parts)


def accepts(requirement: str, version: str) -> bool:
    """Whether a version fulfils a requirement: a range, or one version."""
    match = _RANGE.fullmatch(requirement.strip())
    key = version_key(version)
    if match is None:
        return key == version_key(requirement.strip().strip("[]"))
    opening, low, high, closing = match.groups()
    if low and (key < version_key(low) or (opening == "(" and key == version_key(low))):
        return False
    return not (high and (key > version_key(high) or (closing == ")" and key == version_key(high))))
