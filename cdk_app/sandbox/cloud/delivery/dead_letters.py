"""Dead letters of rules and schedules, if the queue's policy lets the service send them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Mapping

sqs = names("services.sqs", functions=("_act_send_message", "_queue_by_arn"))
evaluator = names("core.iam_evaluator", functions=("EvalContext", "evaluate_resource_policy"))
responses = names("core.responses", functions=("get_account_id", "get_region"))

logger = logging.getLogger(__name__)


def send(queue_arn: str, source_arn: str, body: str, attributes: Mapping[str, str]) -> None:
    """Put a dead letter into its queue, or say in the log why it is lost.

    Parameters
    ----------
    queue_arn
        A standard queue; AWS takes no FIFO queue here.
    source_arn
        The rule, which the queue's policy may ask for.
    """
    queue = sqs._queue_by_arn(queue_arn)
    if queue is None or queue.get("is_fifo"):
        logger.error("dead letter of %s is lost: %s is not a standard queue", source_arn, queue_arn)
    elif not admits(queue["attributes"].get("Policy") or "", queue_arn, source_arn):
        logger.error("dead letter of %s is lost: the policy of %s does not allow it", source_arn, queue_arn)
    else:
        typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        sqs._act_send_message({"MessageBody": body, "MessageAttributes": typed}, queue["url"])


def admits(policy: str, queue_arn: str, source_arn: str) -> bool:
    """Tell whether a queue's policy lets EventBridge send on behalf of a rule."""
    if not policy:
        return False
    context = evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="sqs:SendMessage",
        resource_arn=queue_arn,
        region=responses.get_region(),
        secure_transport=True,
        service_context={
            "aws:sourcearn": source_arn,
            "aws:sourceaccount": responses.get_account_id(),
        },
    )
    decision = evaluator.evaluate_resource_policy(policy, context, service="events.amazonaws.com")
    return bool(decision.decision == "Allow")
