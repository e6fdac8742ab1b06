"""Single hints: those that lead to nothing, and how soon one leads to a task."""

from __future__ import annotations

import io
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from unittest.mock import patch

from aws_lambda_powertools import Logger, Metrics

from runtime import bootstrap
from runtime.handlers.reconcile import handler
from runtime.observability import Telemetry
from tests.bench.site import CALL_SECONDS, POLL, site

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from runtime.reconciliation.config import GroupConfig
    from tests.bench.site import Site

RUNS = 100
START = "POST /tasks/v2/{task}/start"

Handle: TypeAlias = Callable[[], None]
"""Calls the handler with one hint."""


def nothing(instances: int, applications: int) -> dict[str, dict[str, int]]:
    """Return what hints cost that lead to nothing, with so many instances and applications in place."""
    with site(applications) as place:
        place.group.scale(instances)
        place.reconcile()
        place.reconcile()
        costs = {}
        for name, sent in (("unchanged", time.time() + 1), ("superseded", time.time() - 3600)):
            place.forget()
            outcome = place.reconcile(sent)
            if outcome.value != name:
                raise RuntimeError(f"a hint that should be {name} was {outcome.value}")
            calls = place.calls()
            costs[name] = {"deploy": calls.deploy.total() + calls.polls, "aws": calls.aws}
    return costs


def hint_to_task(runs: int = RUNS) -> dict[str, float]:
    """Return the percentiles as in the JSON."""
    with site(applications=1) as place, _handler_of(place) as handle:
        place.group.scale(1)
        place.reconcile()
        handle()  # a container's first hint also asks for types
        measured = sorted(_seconds_to_task(place, handle) for _ in range(runs))
    return {
        "p50": round(statistics.median(measured), 3),
        "p99": round(statistics.quantiles(measured, n=100, method="inclusive")[98], 3),
        "runs": runs,
    }


def _seconds_to_task(place: Site, handle: Handle) -> float:
    """Launch an instance, hand its hint to the handler, and return the seconds until its task was started.

    The server's own time is taken off: what it needed for the calls before the start, the added time not.
    Afterwards the instance is taken away again, so that every run finds the same.
    """
    place.move_away(CALL_SECONDS)
    place.forget()
    place.group.scale(2)
    begin = time.time()
    handle()
    calls = [call for call in place.server.journal.calls if call.endpoint != POLL]
    start = next(n for n, call in enumerate(calls) if call.endpoint == START)
    at_server = sum(call.seconds - CALL_SECONDS for call in calls[:start])
    started = max(
        task.started.timestamp() for task in place.server.deploy.tasks.tasks.values() if task.started
    )
    place.move_away(0.0)
    place.group.scale(1)
    handle()
    if not place.converged():
        raise RuntimeError("the instance is still there")
    return started - begin - at_server


@contextmanager
def _handler_of(place: Site) -> Iterator[Handle]:
    """Put a site behind the function's handler, as one container keeps it."""
    deploy = place.client()
    telemetry = Telemetry(Logger(service="bench", stream=io.StringIO()), Metrics("bench", "bench"))
    parts: dict[str, Any] = {
        "registry": lambda: _Registry(place.config),
        "reconciler": lambda _clock: place.reconciler(deploy),
        "queue": lambda: place.queue,
        "telemetry": lambda: telemetry,
    }

    def handle() -> None:
        # Metrics go to standard output, which CloudWatch reads.
        with redirect_stdout(io.StringIO()):
            answer = handler(_event(place.config.key), cast("LambdaContext", None))
        if answer["batchItemFailures"]:
            raise RuntimeError("the handler did not acknowledge its message")

    with patch.multiple(bootstrap, **parts):
        yield handle


@dataclass(frozen=True, slots=True)
class _Registry:
    config: GroupConfig

    def group(self, _key: str) -> GroupConfig:
        return self.config


def _event(key: str) -> dict[str, Any]:
    """Return what Lambda passes on from the queue: one message, sent now."""
    attributes = {"MessageGroupId": key, "SentTimestamp": str(round((time.time() + 1) * 1000))}
    body = json.dumps({"source": "aws.autoscaling", "id": "bench"})
    return {"Records": [{"messageId": "1", "receiptHandle": "1", "attributes": attributes, "body": body}]}
