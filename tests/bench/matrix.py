"""Scale-outs of every size, by the reconciler and by the baseline."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from runtime.deploy.repository import BATCH
from runtime.reconciliation.reconciler import Outcome
from tests.bench.baseline import on_launch
from tests.bench.site import CALL_SECONDS, Clock, Site, site

INSTANCES, APPLICATIONS = (1, 10, 100, 1000), (1, 3, 10)

BASELINE_SECONDS = 90.0
"""The baseline's launches are handled for so long per number of applications, and then continued."""

BASELINE_INSTANCES = 100
"""Launches of the baseline that are measured at most."""

BATCHED = frozenset({"POST /repository/cis", "POST /repository/cis/read", "POST /repository/cis/delete"})
PAGED = "GET /repository/query"
_PAGE = 1000


@dataclass(frozen=True)
class Cost:
    """What a scale-out costs; see `tests.bench`."""

    calls: int
    polls: int
    tasks: int
    aws: int
    seconds: float
    endpoints: dict[str, int] = field(default_factory=dict)

    def continued(self, measured_to: int, instances: int) -> Cost:
        """Continue the line from nothing through this one, the cost of `measured_to` launches."""
        factor = instances / measured_to
        return Cost(
            calls=round(self.calls * factor),
            polls=round(self.polls * factor),
            tasks=round(self.tasks * factor),
            aws=round(self.aws * factor),
            seconds=round(self.seconds * factor, 2),
        )


def by_reconciler(place: Site, instances: int) -> Cost:
    """Launch all instances in one burst, give one hint, and return what it cost.

    Raises
    ------
    RuntimeError
        It has not brought everything about.
    """
    place.forget()
    begin = time.perf_counter()
    place.group.scale(instances)
    outcome = place.reconcile()
    cost = _cost(place, begin)
    if outcome is not Outcome.CHANGED or not place.converged():
        raise RuntimeError(f"{instances} instances: {outcome.value}, and not everything is there")
    return cost


def by_baseline(place: Site, sizes: Iterable[int], seconds: float) -> dict[int, Cost]:
    """Launch one instance after the other, each with its event, and return the costs so far by number.

    One at a time, as a queue would hand the events out: side by side, the handlers would overwrite each
    other's environment. Ends with the largest of `sizes`, or after `seconds`; the last number is among the
    answers.
    """
    place.forget()
    wanted = set(sizes)
    costs: dict[int, Cost] = {}
    begin = time.perf_counter()
    for number in range(1, max(wanted) + 1):
        before = set(place.group.instances)
        place.group.scale(number)
        (instance_id,) = place.group.instances.keys() - before
        on_launch(instance_id, place.config, place.group, place.client(), Clock())
        late = time.perf_counter() - begin > seconds
        if number in wanted or late:
            costs[number] = _cost(place, begin)
        if late:
            break
    if not place.converged():
        raise RuntimeError(f"{max(costs)} launches: not everything is there")
    return costs


def _cost(place: Site, begin: float) -> Cost:
    seconds = time.perf_counter() - begin
    calls = place.calls()
    return Cost(
        calls=calls.deploy.total(),
        polls=calls.polls,
        tasks=calls.deploy["POST /deployment"],
        aws=calls.aws,
        seconds=round(seconds, 2),
        endpoints=dict(sorted(calls.deploy.items())),
    )


def matrix() -> list[dict[str, Any]]:
    """Return the matrix as in the JSON."""
    rows: list[dict[str, Any]] = []
    for applications in APPLICATIONS:
        with site(applications) as place:
            place.move_away(CALL_SECONDS)
            measured = by_baseline(place, [n for n in INSTANCES if n <= BASELINE_INSTANCES], BASELINE_SECONDS)
        last = max(measured)
        for instances in INSTANCES:
            with site(applications) as place:
                place.move_away(CALL_SECONDS)
                ours = by_reconciler(place, instances)
            theirs = measured.get(instances) or measured[last].continued(last, instances)
            rows.append(
                {
                    "instances": instances,
                    "applications": applications,
                    "reconciler": asdict(ours),
                    "baseline": asdict(replace(theirs, endpoints={}))
                    | {"continued": instances not in measured, "measured_to": min(instances, last)},
                }
            )
    return rows


def grown(small: dict[str, int], large: dict[str, int], instances: int) -> dict[str, int]:
    """Return the calls of a burst of `instances` that are more than batches and pages explain.

    Parameters
    ----------
    small, large
        Calls by endpoint, of a burst that needs one batch of each kind, and of the large one.

    Returns
    -------
    dict
        Endpoint to the number of calls too many.
    """
    batches, pages = math.ceil(instances / BATCH), 1 + instances // _PAGE
    allowed = Counter(
        {
            endpoint: number * (batches if endpoint in BATCHED else pages if endpoint == PAGED else 1)
            for endpoint, number in small.items()
        }
    )
    return dict(Counter(large) - allowed)
