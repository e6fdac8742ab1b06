"""Event source mappings of FIFO queues: message groups in parallel, and no waiting for the next poll.

MiniStack works through a FIFO queue with one batch at a time. AWS keeps the order inside a message group, and
runs as many batches as there are active groups, up to the mapping's ``MaximumConcurrency``. A group with a
message in flight yields no other message, here as there, so batches never share a group.

MiniStack looks at an idle queue once a second; AWS polls all the time. So a message that becomes visible
later (delay, visibility timeout) rings for the poller at that moment.
"""

from __future__ import annotations

import time
from typing import Any

from cdk_app.sandbox.cloud.background import Background
from cdk_app.sandbox.cloud.names import names

lambda_service = names("services.lambda_svc", functions=("_sqs_esm_concurrency", "_reserved_concurrency"))
sqs = names("services.sqs", functions=("_receive_messages_for_esm", "_get_q"))
concurrency = names("core.concurrency", values=("esm_wake",))
_original_concurrency = lambda_service._sqs_esm_concurrency
_original_receive = sqs._receive_messages_for_esm

FIFO_CONCURRENCY = 10
"""Batches at a time of a mapping without ``MaximumConcurrency``; AWS has no limit but the account's."""
MARGIN_SECONDS = 0.05
"""How much later than the first message the poller looks, so that a burst arrives as one batch."""

_clock = Background("queue-wake-ups")


def _concurrency(
    mapping: dict[str, Any], function: dict[str, Any], configuration: dict[str, Any], queue: dict[str, Any]
) -> int:
    if not queue.get("is_fifo"):
        return int(_original_concurrency(mapping, function, configuration, queue))
    limit = int((mapping.get("ScalingConfig") or {}).get("MaximumConcurrency") or FIFO_CONCURRENCY)
    reserved = lambda_service._reserved_concurrency(function, configuration)
    return limit if reserved is None else min(limit, reserved)


def _receive(queue_url: str, max_number: int) -> list[dict[str, Any]]:
    batch: list[dict[str, Any]] = _original_receive(queue_url, max_number)
    now = time.time()
    later = [m["visible_at"] - now for m in sqs._get_q(queue_url)["messages"] if m["visible_at"] > now]
    if later:
        _clock.after(min(later) + MARGIN_SECONDS, concurrency.esm_wake.set)
    return batch


def install() -> None:
    """Replace both functions of MiniStack's poller."""
    lambda_service._sqs_esm_concurrency = _concurrency
    sqs._receive_messages_for_esm = _receive
