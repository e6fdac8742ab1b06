"""Reconciler: messages of the FIFO queue in, partial batch response out.

A message only says "group X may have changed". All messages of a group in one batch are one look; a message
is acknowledged when its group has been looked at later than the message was sent.
"""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Any

from runtime import bootstrap
from runtime.reconciliation.errors import Fatal, Retry, Skip
from runtime.reconciliation.reconciler import Hint

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_FULL_BATCH = 10
_FIRST_PAUSE, _LONGEST_PAUSE = 5, 300


class InvocationClock:
    """Time, with the end of this invocation in view."""

    def __init__(self, context: LambdaContext) -> None:
        self._context = context

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(max(0.0, seconds))

    def remaining(self) -> float:
        """Return the seconds until Lambda ends this invocation."""
        return self._context.get_remaining_time_in_millis() / 1000


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Reconcile each group that the batch names; report the messages that must come again."""
    by_group: dict[str, list[dict[str, Any]]] = {}
    for record in event["Records"]:
        by_group.setdefault(record["attributes"]["MessageGroupId"], []).append(record)
    undone = [records for key, records in by_group.items() if not _done(key, records, context)]
    bootstrap.telemetry().flush()
    failed = [record["messageId"] for records in undone for record in records]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _done(key: str, records: list[dict[str, Any]], context: LambdaContext) -> bool:
    report = bootstrap.telemetry()
    report.about(group=key, hints=[_hint_id(record) for record in records])
    report.count("Reconciliations")
    try:
        config = bootstrap.registry().group(key)
        outcome = bootstrap.reconciler(InvocationClock(context)).reconcile(config, _hint(records))
    except Skip as reason:
        report.line("skipped", reason=str(reason))
        return True
    except Fatal as reason:
        report.count("FatalErrors")
        report.warn("a person must help", reason=str(reason))
        _put_off(records, _LONGEST_PAUSE)
        return False
    except Exception as reason:
        report.count("RunsFailed")
        known = isinstance(reason, Retry)
        report.warn("to be repeated", reason=str(reason) if known else f"{type(reason).__name__}: {reason}")
        _put_off(records, reason.after if isinstance(reason, Retry) else None)
        return False
    report.line("reconciled", outcome=outcome.value)
    return True


def _hint(records: list[dict[str, Any]]) -> Hint:
    sent = max(int(record["attributes"]["SentTimestamp"]) for record in records) / 1000
    return Hint(sent, frozenset(_body(r).get("source", "") for r in records), len(records) >= _FULL_BATCH)


def _hint_id(record: dict[str, Any]) -> str:
    return str(_body(record).get("id") or record["messageId"])


def _body(record: dict[str, Any]) -> dict[str, Any]:
    try:
        body = json.loads(record.get("body") or "{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _put_off(records: list[dict[str, Any]], seconds: int | None) -> None:
    """Let the messages come back after a pause that grows with the attempts."""
    for record in records:
        attempt = int(record["attributes"].get("ApproximateReceiveCount", 1))
        pause = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE) if seconds is None else seconds
        try:
            bootstrap.queue().put_off(record["receiptHandle"], pause + random.randint(0, pause // 4))  # noqa: S311 - jitter
        except Exception as error:
            # The queue's own visibility timeout stands then.
            bootstrap.telemetry().warn("the message could not be put off", reason=str(error))
