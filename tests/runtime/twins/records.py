"""The seeder's records, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class TwinRecords:
    def __init__(self) -> None:
        self.ids: dict[str, list[str]] = {}

    def read(self, name: str) -> list[str]:
        return list(self.ids.get(name, ()))

    def write(self, name: str, ids: Sequence[str]) -> None:
        self.ids[name] = list(ids)

    def delete(self, name: str) -> None:
        self.ids.pop(name, None)
