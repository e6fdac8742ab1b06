"""Deploy's type system, as far as we ask it: which types there are, which properties they have."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.deploy.errors import Missing, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime.deploy.items import CI
    from runtime.deploy.transport import Transport


_KEPT_SECONDS = 300.0  # a plugin that is installed takes effect after this


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a type.

    Attributes
    ----------
    name, kind : str
        Its name and kind (``STRING``, ``SET_OF_STRING``, …).
    password : bool
        Whether it is secret.
    hidden : bool
        Whether its value is the type's, for all CIs, and none of them can give another.
    """

    name: str
    kind: str
    password: bool
    hidden: bool = False


def masked(item: CI, known: Mapping[str, Property]) -> frozenset[str]:
    """Return the secret properties of a CI that read as asterisks, and would be written back as such."""
    return frozenset(
        name
        for name, value in item.items()
        if name in known
        and known[name].password
        and isinstance(value, str)
        and value
        and not value.strip("*")
    )


class Metadata:
    """Types of one server, each held for some minutes: they change only when the server restarts.

    Parameters
    ----------
    transport : Transport
        Connection to the server.
    clock : callable
        Seconds, monotonic.
    """

    def __init__(self, transport: Transport, clock: Callable[[], float] = time.monotonic) -> None:
        self._transport = transport
        self._clock = clock
        self._known: dict[str, tuple[float, dict[str, Property] | None]] = {}

    def properties(self, ci_type: str) -> dict[str, Property] | None:
        """Return the properties of a type by name, or None when the server does not have the type."""
        known = self._known.get(ci_type)
        if known is None or self._clock() - known[0] > _KEPT_SECONDS:
            known = self._known[ci_type] = (self._clock(), self._read(ci_type))
        return known[1]

    def _read(self, ci_type: str) -> dict[str, Property] | None:
        try:
            answer = self._transport.get(f"/metadata/type/{ci_type}")
        except Missing:
            return None
        except Refused as error:
            # The status for an unknown type is not documented.
            if error.status and error.status < 500:
                return None
            raise
        if not isinstance(answer, dict):
            raise Refused("GET", f"/metadata/type/{ci_type}", 200, "the answer is not a type in JSON")
        return {
            item["name"]: Property(
                item["name"],
                str(item.get("kind")),
                bool(item.get("password")),
                bool(item.get("hidden")),
            )
            for item in answer.get("properties") or ()
        }
