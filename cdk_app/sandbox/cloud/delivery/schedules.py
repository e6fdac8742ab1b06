"""EventBridge Scheduler's SQS targets, and running a schedule at once.

MiniStack leaves ``<aws.scheduler...>`` in the input as text, and puts messages into FIFO queues unchecked.
SQS refuses them in a queue without content-based deduplication, as Scheduler gives no deduplication id.
"""

from __future__ import annotations

import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud import admin
from cdk_app.sandbox.cloud.delivery import dead_letters
from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.permissions import roles
from cdk_app.sandbox.cloud.permissions.roles import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

events = names("services.eventbridge", functions=("_invoke_target",))
scheduler = names(
    "services.scheduler",
    stores=("_schedules",),
    values=("_SCHEDULE_TICK_INTERVAL",),
)
sqs = names("services.sqs", functions=("_act_send_message", "_queue_by_arn", "_Err"))

TICK_SECONDS = 1
"""How often due schedules are looked for; MiniStack's 10 would make "every minute" ragged."""

logger = logging.getLogger(__name__)


def with_context(text: str, schedule_arn: str, now: datetime, execution_id: str) -> str:
    """Replace the context attributes of an input (Scheduler user guide, context attributes)."""
    attributes = {
        "schedule-arn": schedule_arn,
        "scheduled-time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": execution_id,
        "attempt-number": "1",
    }
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def run(schedule: Mapping[str, Any]) -> None:
    """Invoke the target of a schedule."""
    target = schedule["Target"]
    now = datetime.now(UTC)
    arn = schedule["Arn"]
    body = with_context(target.get("Input") or "{}", arn, now, str(uuid.uuid4()))
    if not target["Arn"].startswith("arn:aws:sqs:"):
        events._invoke_target({**target, "Input": body}, {"Source": "aws.scheduler"}, schedule)
        return
    queue = sqs._queue_by_arn(target["Arn"])
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    message = {"MessageBody": body, **({"MessageGroupId": group} if group else {})}
    session = Session(target.get("RoleArn", ""), "scheduler.amazonaws.com", "EventBridgeScheduler", arn)
    try:
        roles.check(session, "sqs:SendMessage", target["Arn"])
        sqs._act_send_message(message, queue["url"] if queue else "")
    except (sqs._Err, roles.DeniedError) as error:
        logger.warning("schedule %s could not send to %s: %s", arn, target["Arn"], error)
        dead = (target.get("DeadLetterConfig") or {}).get("Arn")
        if dead:
            code = "AccessDenied" if isinstance(error, roles.DeniedError) else error.code
            dead_letters.send(dead, arn, body, {"ERROR_CODE": code, "ERROR_MESSAGE": str(error)})


def run_now(name: str, group: str = "default") -> None:
    """Invoke the target of a schedule, as at its next time.

    Raises
    ------
    LookupError
        When there is no such schedule.
    """
    schedule = scheduler._schedules.get(f"{group}/{name}")
    if schedule is None:
        raise LookupError(f"Schedule {name} does not exist in group {group}.")
    run(schedule)


def install() -> None:
    """Let MiniStack's clock run schedules here, and offer to run one at once."""
    invoke = events._invoke_target

    def invoke_target(
        target: Mapping[str, Any],
        event: Mapping[str, Any],
        rule: Mapping[str, Any],
        view: Any = None,  # noqa: ANN401 - MiniStack's view of the event
    ) -> None:
        if event.get("Source") == "aws.scheduler" and "DetailType" in event:
            run(rule)
        else:
            invoke(target, event, rule, view)

    events._invoke_target = invoke_target
    scheduler._SCHEDULE_TICK_INTERVAL = TICK_SECONDS
    admin.ACTIONS["run-schedule"] = run_now
