"""Faults that a test asks for, each for a number of times."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["error", "drop", "stale", "none"]
When: TypeAlias = Literal["before", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFault:
    """What goes wrong with requests.

    Attributes
    ----------
    method, path
        Which requests: a method or ``*``, and a regular expression that is found in the path.
    kind
        ``error`` answers with ``status`` and ``text``, ``drop`` closes the connection without an answer,
        ``stale`` writes the item of a PUT once more before the request is looked at, so that its token is
        stale, and ``none`` only waits.
    when
        Whether the request is carried out before the error or the drop.
    delay
        Seconds to wait first.
    times
        How often; 0 for ever.
    """

    method: str = "*"
    path: str = ""
    kind: Kind = "error"
    when: When = "before"
    status: int = 500
    text: str = "Fault on demand"
    delay: float = 0.0
    times: int = 1

    def __post_init__(self) -> None:
        """Refuse a fault that could never take effect."""
        re.compile(self.path)
        if self.kind not in get_args(Kind) or self.when not in get_args(When):
            raise ValueError(f"There is no fault of kind {self.kind!r} {self.when!r} the request")

    def concerns(self, method: str, path: str) -> bool:
        """Whether a request has the fault."""
        return self.method in ("*", method) and re.search(self.path, path) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFault:
    """What goes wrong with steps of tasks.

    Attributes
    ----------
    description
        Which steps: a regular expression that is found in the description.
    number
        Which of these steps, from 1; 0 for each.
    delay
        Seconds that the step takes longer.
    fails
        Whether the step fails, with ``text`` in its log.
    times
        How often; 0 for ever.
    """

    description: str = ""
    number: int = 0
    delay: float = 0.0
    fails: bool = True
    text: str = "Fault on demand"
    times: int = 1

    def __post_init__(self) -> None:
        """Refuse a fault that could never take effect."""
        re.compile(self.description)

    def concerns(self, description: str) -> bool:
        """Whether a step has the fault."""
        return re.search(self.description, description) is not None


class Faults:
    """The faults that are to come. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []

    def add(self, fault: RequestFault | StepFault) -> None:
        """Ask for a fault; the first that concerns a request or step takes effect."""
        with self._lock:
            self._entries.append(_Entry(fault))

    def clear(self) -> None:
        """Ask for no faults."""
        with self._lock:
            self._entries.clear()

    def pending(self) -> list[RequestFault | StepFault]:
        """Return the faults that are still to come."""
        with self._lock:
            return [entry.fault for entry in self._entries]

    def of_request(self, method: str, path: str) -> RequestFault | None:
        """Return the fault of a request, once for each time it was asked for."""
        with self._lock:
            for entry in self._entries:
                if isinstance(entry.fault, RequestFault) and entry.fault.concerns(method, path):
                    self._use(entry)
                    return entry.fault
        return None

    def of_step(self, description: str) -> StepFault | None:
        """Return the fault of a step that is about to run, once for each time it was asked for."""
        with self._lock:
            for entry in self._entries:
                if not isinstance(entry.fault, StepFault) or not entry.fault.concerns(description):
                    continue
                entry.seen += 1
                if entry.fault.number in (0, entry.seen):
                    self._use(entry)
                    return entry.fault
        return None

    def _use(self, entry: _Entry) -> None:
        entry.used += 1
        if entry.used == entry.fault.times:
            self._entries.remove(entry)


@dataclass(slots=True, eq=False)
class _Entry:
    fault: RequestFault | StepFault
    seen: int = 0
    used: int = 0
