"""Reconciler: messages of the FIFO queue in, partial batch response out.

A message only says "group X may have changed". All messages of a group in one batch are one look; a message
is acknowledged when its group has been looked at later than the message was sent. Messages of one more group
are EC2's events about Spot Instances of the account: they become hints for the groups that are ours.
"""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Any

from runtime import bootstrap
from runtime.reconciliation import interruptions
from runtime.reconciliation.errors import Fatal, Retry, Skip
from runtime.reconciliation.hint import Hint

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_FULL_BATCH = 10
_FIRST_PAUSE, _LONGEST_PAUSE = 5, 300  # shorter than any lifecycle hook's time-out: looks send heartbeats


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
    try:
        if key == interruptions.MESSAGE_GROUP:
            _pass_on(records)
        else:
            _reconcile(key, records, context)
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
    return True


def _reconcile(key: str, records: list[dict[str, Any]], context: LambdaContext) -> None:
    report = bootstrap.telemetry()
    report.count("Reconciliations")
    config = bootstrap.registry().group(key)
    outcome = bootstrap.reconciler(InvocationClock(context)).reconcile(config, _hint(records))
    report.line("reconciled", outcome=outcome.value)


def _pass_on(records: list[dict[str, Any]]) -> None:
    """Send a hint to each group of ours whose instances EC2's events name."""
    instances = interruptions.named(map(_body, records))
    groups = bootstrap.groups().names(instances) if instances else {}
    ours = interruptions.by_key(groups, bootstrap.registry().names()) if groups else {}
    for key, named in ours.items():
        bootstrap.queue().hint(
            key, "EC2 may take instances back", source=interruptions.SOURCE, instances=named
        )
    strangers = len(instances) - len(frozenset().union(*ours.values()))
    bootstrap.telemetry().line(
        "events of EC2 passed on",
        groups={key: sorted(named) for key, named in ours.items()},
        strangers=strangers,
    )


def _hint(records: list[dict[str, Any]]) -> Hint:
    bodies = [_body(record) for record in records]
    return Hint(
        sent=max(int(record["attributes"]["SentTimestamp"]) for record in records) / 1000,
        sources=frozenset(body.get("source", "") for body in bodies),
        backlog=len(records) >= _FULL_BATCH,
        instances=frozenset().union(*map(_instances, bodies)),
    )


def _instances(body: dict[str, Any]) -> frozenset[str]:
    """Return the instances about which EC2 is to be asked."""
    listed = body.get("instances")
    return interruptions.instance_ids(listed if isinstance(listed, list) else ())


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
        pause = min(pause + random.randint(0, pause // 4), _LONGEST_PAUSE)  # noqa: S311 - jitter
        try:
            bootstrap.queue().put_off(record["receiptHandle"], pause)
        except Exception as error:
            # The queue's own visibility timeout stands then.
            bootstrap.telemetry().warn("the message could not be put off", reason=str(error))
