"""The seeder's records, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class TwinRecords:
    def __init__(self) -> None:
        self.ids: dict[str, dict[str, str]] = {}

    def read(self, name: str) -> dict[str, str]:
        return dict(self.ids.get(name, {}))

    def write(self, name: str, types: Mapping[str, str]) -> None:
        self.ids[name] = dict(types)

    def delete(self, name: str) -> None:
        self.ids.pop(name, None)
