"""Hints on their way to the queue."""

from __future__ import annotations

import json
from typing import Any

from runtime.aws.queue import Queue


def test_a_hint_goes_to_its_group_and_no_two_are_the_same() -> None:
    sent: list[dict[str, Any]] = []

    class Sqs:
        def send_message(self, **message: Any) -> None:  # noqa: ANN401 - boto3's keywords
            sent.append(message)

    queue = Queue(Sqs, "https://queue")  # type: ignore[arg-type] # stands in for it
    queue.hint("web", "a task is running")
    queue.hint("web", "a task is running")
    assert {message["MessageGroupId"] for message in sent} == {"web"}
    assert len({message["MessageDeduplicationId"] for message in sent}) == 2
    assert json.loads(sent[0]["MessageBody"])["source"] == "reconciler"
    queue.hint("web", "taken back", source="aws.ec2", instances={"i-2", "i-1"})
    body = json.loads(sent[2]["MessageBody"])
    assert (body["source"], body["instances"]) == ("aws.ec2", ["i-1", "i-2"])
