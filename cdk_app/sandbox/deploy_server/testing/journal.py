"""The requests that a server has answered."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes
    ----------
    endpoint
        Method and path with its parameters in braces, such as ``GET /repository/ci/{id}``; method and path as
        sent where no endpoint answered.
    path
        As sent, without the query.
    status
        Of the answer, ``None`` when the connection was dropped.
    seconds
        From the arrival of the request to the end of the answer.
    """

    endpoint: str
    method: str
    path: str
    status: int | None
    seconds: float


class Journal:
    """Keeps the latest calls, oldest first. May be read from any thread."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=_KEPT)

    @property
    def calls(self) -> list[Call]:
        """All calls that are kept."""
        return list(self._calls)

    def add(self, call: Call) -> None:
        """Note a call."""
        self._calls.append(call)

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()

    def counts(self) -> dict[str, int]:
        """Return the number of calls of each endpoint."""
        return dict(Counter(call.endpoint for call in self.calls))
