"""The queue of hints: enqueue a fresh look, put off a message."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_sqs import SQSClient

_LONGEST_SECONDS = 43_200  # SQS's limit for a visibility timeout


class Queue:
    """The SQS FIFO queue of the hub.

    Parameters
    ----------
    sqs : callable
        Returns the boto3 client.
    url : str
        The queue's URL.
    """

    def __init__(self, sqs: Callable[[], SQSClient], url: str) -> None:
        self._sqs = sqs
        self._url = url

    def hint(
        self, key: str, reason: str, *, source: str = "reconciler", instances: Iterable[str] = ()
    ) -> None:
        """Ask for a look at a group, after the queue's delay; `instances` EC2 may be taking back."""
        identity = str(uuid.uuid4())
        self._sqs().send_message(
            QueueUrl=self._url,
            MessageGroupId=key,
            MessageDeduplicationId=identity,
            MessageBody=json.dumps(
                {"source": source, "id": identity, "reason": reason, "instances": sorted(instances)}
            ),
        )

    def put_off(self, receipt: str, seconds: int) -> None:
        """Hide a received message for some seconds from now."""
        self._sqs().change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=min(seconds, _LONGEST_SECONDS)
        )
