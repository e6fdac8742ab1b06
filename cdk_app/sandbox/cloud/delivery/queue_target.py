"""Rules with an SQS queue as target: refused as EventBridge and SQS refuse them, then a dead letter.

MiniStack puts the event into the queue whatever the queue's policy says, and makes up a message group for a
FIFO queue whose target names none.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.delivery import api_target, dead_letters
from cdk_app.sandbox.cloud.delivery.api_target import Failure
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Mapping

events = names("services.eventbridge", functions=("_invoke_target", "_pattern_event_view"))
sqs = names("services.sqs", functions=("_queue_by_arn",))

logger = logging.getLogger(__name__)


def refusal(queue: Mapping[str, Any] | None, target: Mapping[str, Any], rule_arn: str) -> Failure | None:
    """Return why an event cannot go into a queue; None if it can.

    Parameters
    ----------
    queue
        MiniStack's record of the queue.
    target
        The rule's target.
    rule_arn
        The rule, which the queue's policy may ask for.
    """
    if queue is None:
        return _failure("RESOURCE_NOT_FOUND", "The specified queue does not exist.")
    attributes = queue["attributes"]
    if not dead_letters.admits(attributes.get("Policy") or "", target["Arn"], rule_arn):
        return _failure("NO_PERMISSIONS", "The queue's policy does not let EventBridge send for this rule.")
    if not queue.get("is_fifo"):
        return None
    if not (target.get("SqsParameters") or {}).get("MessageGroupId"):
        return _failure("INVALID_PARAMETER", "The request must contain the parameter MessageGroupId.")
    if str(attributes.get("ContentBasedDeduplication")).lower() != "true":
        return _failure("INVALID_PARAMETER", "The queue should have ContentBasedDeduplication enabled.")
    return None


def _failure(code: str, message: str) -> Failure:
    return Failure(code, message, retriable=False)


def install() -> None:
    """Look at queues before MiniStack fills them."""
    invoke = events._invoke_target

    def invoke_target(
        target: Mapping[str, Any],
        event: Mapping[str, Any],
        rule: Mapping[str, Any],
        view: Any = None,  # noqa: ANN401 - MiniStack's view of the event
    ) -> None:
        arn, rule_arn = str(target.get("Arn", "")), str(rule.get("Arn", ""))
        refused = refusal(sqs._queue_by_arn(arn), target, rule_arn) if ":sqs:" in arn else None
        if refused is None:
            invoke(target, event, rule, view)
            return
        logger.warning("event for %s given up: %s %s", arn, refused.code, refused.message)
        dead = (target.get("DeadLetterConfig") or {}).get("Arn")
        if dead:
            whole = (view or events._pattern_event_view(event)).event_with_detail()
            attributes = api_target.dead_letter_attributes(rule_arn, arn, refused, attempts=1, condition="")
            dead_letters.send(dead, rule_arn, json.dumps(whole), attributes)

    events._invoke_target = invoke_target
