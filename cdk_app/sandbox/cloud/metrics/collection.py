"""Metrics that AWS publishes by itself: of queues every few seconds, of functions after each call.

AWS publishes a queue's metrics every minute; alarms here get to know sooner.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.background import Background
from cdk_app.sandbox.cloud.metrics.embedded import Datum, embedded
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Mapping

cloudwatch = names("services.cloudwatch", functions=("record_metric", "_evaluate_all_alarms"))
lambda_service = names("services.lambda_svc", functions=("_emit_lambda_logs", "_emit_lambda_metrics"))
responses = names("core.responses", functions=("request_scope",))
sqs = names("services.sqs", stores=("_queues",))
_original_logs = lambda_service._emit_lambda_logs
_original_metrics = lambda_service._emit_lambda_metrics

SECONDS = 2.0

_clock = Background("metrics")


def of_queue(queue: Mapping[str, Any], now: float) -> list[Datum]:
    """Return a queue's metrics (SQS developer guide, available CloudWatch metrics)."""
    messages = queue["messages"]
    visible = [m for m in messages if m["visible_at"] <= now]
    hidden = [m for m in messages if m["visible_at"] > now]
    in_flight = [m for m in hidden if m["receive_count"] > 0]
    oldest = max((now - m["sent_at"] for m in messages), default=0.0)
    values = {
        "ApproximateNumberOfMessagesVisible": len(visible),
        "ApproximateNumberOfMessagesNotVisible": len(in_flight),
        "ApproximateNumberOfMessagesDelayed": len(hidden) - len(in_flight),
        "ApproximateAgeOfOldestMessage": oldest,
    }
    dimensions = {"QueueName": queue["name"]}
    return [
        Datum("AWS/SQS", name, float(value), "Seconds" if "Age" in name else "Count", dimensions)
        for name, value in values.items()
    ]


def _record(datum: Datum) -> None:
    cloudwatch.record_metric(datum.namespace, datum.name, datum.value, datum.unit, dict(datum.dimensions))


def _collect() -> None:
    now = time.time()
    for (account, region, _), queue in sqs._queues.all_items():
        with responses.request_scope(account, region):
            for datum in of_queue(queue, now):
                _record(datum)
    cloudwatch._evaluate_all_alarms()
    _clock.after(SECONDS, _collect)


def _emit_logs(
    function: Any,  # noqa: ANN401 - MiniStack's records
    request_id: str,
    log_text: str,
    *arguments: Any,  # noqa: ANN401 - as above
    **options: Any,  # noqa: ANN401 - as above
) -> None:
    _original_logs(function, request_id, log_text, *arguments, **options)
    found = [datum for line in (log_text or "").splitlines() for datum in embedded(line)]
    for datum in found:
        _record(datum)
    if found:
        cloudwatch._evaluate_all_alarms()


def _emit_metrics(*arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as above
    _original_metrics(*arguments, **options)
    cloudwatch._evaluate_all_alarms()


def install() -> None:
    """Replace what MiniStack calls after each invocation, and start to look at the queues."""
    lambda_service._emit_lambda_logs = _emit_logs
    lambda_service._emit_lambda_metrics = _emit_metrics
    _clock.after(SECONDS, _collect)
