"""What the seeder did, for the log, for CloudFormation, and for whoever deploys."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

LONGEST_REASON = 1500
"""Bytes of an error's text. CloudFormation takes 4096 for the whole answer; CDK's framework adds its own
stack trace."""

_SHARES = {
    "Created": 250,
    "Updated": 250,
    "Unchanged": 250,
    "Skipped": 400,
    "Lacking": 400,
    "Retained": 400,
}
_REMARKS = 800
"""Bytes of each attribute as JSON: together with the rest of the answer they stay below 4096."""


@dataclass(slots=True)
class Report:
    """What was done, by CI id.

    Attributes
    ----------
    created, updated, unchanged : list of str
        Ids.
    skipped, retained : list of str
        Ids with the reason why they were left out, or are left in Deploy.
    lacking : list of str
        Permissions that seeding could do without and the reconciler cannot.
    notes : list of str
        What else somebody should know.
    """

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    retained: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def remarks(self) -> list[str]:
        """Return what a person should read, most urgent first."""
        return [
            *(f"the Deploy account lacks {each}" for each in self.lacking),
            *(f"left out: {each}" for each in self.skipped),
            *(f"left in Deploy: {each}" for each in self.retained),
            *self.notes,
        ]

    def attributes(self) -> dict[str, str]:
        """Return the attributes of the custom resource, each within its share of the answer."""
        lists = {name: getattr(self, name.lower()) for name in _SHARES}
        found = {name: joined(lists[name], share) for name, share in _SHARES.items()}
        # An output cannot be empty.
        return {**found, "Remarks": joined(self.remarks(), _REMARKS, "; ") or "none"}


def joined(items: list[str], share: int, separator: str = ", ") -> str:
    """Return items as one text of at most `share` bytes in JSON: as many whole ones as fit."""
    text = separator.join(items)
    if _size(text) <= share:
        return text
    tail = f"… ({len(items)} in all)"
    kept = list(items)
    while len(kept) > 1 and _size(separator.join(kept) + separator + tail) > share:
        kept.pop()
    whole = separator.join(kept) + separator + tail
    return whole if _size(whole) <= share else cut(kept[0], share - _size(tail)) + tail


def cut(text: str, share: int) -> str:
    """Return the beginning of a text that takes at most `share` bytes in JSON."""
    if _size(text) <= share:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _size(text[:middle] + "…") <= share else (low, middle - 1)
    return text[:low] + "…"


def _size(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")) - 2
