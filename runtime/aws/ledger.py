"""The ledger in DynamoDB: what is remembered of each group, and the story of each instance.

Keys: ``pk`` is the group's key; ``sk`` is ``memory#<part>`` for the memory, cut into parts because an item
holds at most 400 kB, and ``instance#<id>#<time>#<event>`` for the story, which is only ever added to.
``expires`` is the TTL attribute, seconds since the epoch.

A ledger that is absent, empty or out of reach costs work, never correctness: it does not fail a run.
"""

from __future__ import annotations

import json
import random
import time
import zlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from runtime.aws.concurrency import side_by_side
from runtime.reconciliation.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from runtime.reconciliation.ports import Reporter

WRITE_BATCH = 25
"""Items in one call: BatchWriteItem's limit."""

SIDE_BY_SIDE = 4
"""Calls at a time, after the first.

All items of a group are in one partition, which takes 1,000 of them a second. Four calls of 25 items, each
answered within 20 ms, would already be more: what is too much comes back and is sent again after a pause.
"""

_PART_BYTES = 300_000
_ATTEMPTS, _FIRST_PAUSE = 6, 0.05  # for what comes back: at most 3 s of pauses in all
_MEMORY_DAYS, _STORY_DAYS = 90, 30
_DAY = 86_400


class _NotTakenError(Exception):
    """DynamoDB gave items back, again and again."""


_FAILURES = (BotoCoreError, ClientError, _NotTakenError)


class Ledger:
    """The table of the hub.

    Parameters
    ----------
    dynamodb : callable
        Returns the boto3 client.
    table : str
        The table's name.
    clock : callable
        Seconds since the epoch.
    report : Reporter
        Where failures of the ledger are told.
    sleep : callable
        Waits some seconds before what was not taken is sent again.
    """

    def __init__(
        self,
        dynamodb: Callable[[], DynamoDBClient],
        table: str,
        clock: Callable[[], float],
        report: Reporter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dynamodb, self._table, self._clock, self._report = dynamodb, table, clock, report
        self._sleep = sleep
        self._parts: dict[str, int] = {}
        self._unread: set[str] = set()

    def load(self, key: str) -> Memory:
        """Return what is remembered of a group; nothing when it cannot be read."""
        self._unread.add(key)
        try:
            items = self._items(key)
            self._unread.remove(key)
            self._parts[key] = len(items)
            if not items:
                return Memory()
            data = b"".join(bytes(item["data"]["B"]) for item in items)
            return Memory.from_json(json.loads(zlib.decompress(data)))
        except _FAILURES as error:
            self._failed("read", error)
        except (ValueError, KeyError, TypeError, zlib.error) as error:
            self._failed("understood", error)
        return Memory()

    def save(self, key: str, memory: Memory, events: Sequence[tuple[str, str, str]] = ()) -> None:
        """Keep what is remembered of a group, and add to the stories of its instances: one call if it fits.

        Parameters
        ----------
        key
            The group's key.
        memory
            Replaces what is kept, unless that could not be read: it may know more, and old memory does no
            harm.
        events
            What has happened since the last time, each ``(instance id, what, detail)``.
        """
        now = self._clock()
        # The memory comes first: should a later call fail, what a run depends on is kept.
        requests = [] if key in self._unread else self._memory(key, memory, now)
        requests += _story(key, events, now)
        batches = [requests[start : start + WRITE_BATCH] for start in range(0, len(requests), WRITE_BATCH)]
        try:
            for batch in batches[:1]:
                self._write(batch)
            for error in filter(None, side_by_side(self._write, batches[1:], SIDE_BY_SIDE)):
                raise error
        except _FAILURES as error:
            self._failed("written", error)

    def _items(self, key: str) -> list[dict[str, Any]]:
        """Return the parts of a group's memory, in order; a page holds 1 MB."""
        items: list[dict[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            answer = self._dynamodb().query(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="pk = :key AND begins_with(sk, :kind)",
                ExpressionAttributeValues={":key": {"S": key}, ":kind": {"S": "memory#"}},
                **start,
            )
            items += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return items
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _memory(self, key: str, memory: Memory, now: float) -> list[Any]:
        """Return the requests that replace a group's memory."""
        data = zlib.compress(json.dumps(memory.to_json(), separators=(",", ":")).encode())
        parts = [data[start : start + _PART_BYTES] for start in range(0, len(data), _PART_BYTES)]
        expires = {"N": str(int(now) + _MEMORY_DAYS * _DAY)}
        requests: list[Any] = [
            {
                "PutRequest": {
                    "Item": {
                        "pk": {"S": key},
                        "sk": {"S": f"memory#{number:03}"},
                        "data": {"B": part},
                        "expires": expires,
                    }
                }
            }
            for number, part in enumerate(parts)
        ]
        requests += [
            {"DeleteRequest": {"Key": {"pk": {"S": key}, "sk": {"S": f"memory#{number:03}"}}}}
            for number in range(len(parts), self._parts.get(key, 0))
        ]
        self._parts[key] = len(parts)
        return requests

    def _write(self, batch: list[Any]) -> None:
        rest = batch
        for attempt in range(_ATTEMPTS):
            answer = self._dynamodb().batch_write_item(RequestItems={self._table: rest})
            rest = (answer.get("UnprocessedItems") or {}).get(self._table, [])
            if not rest:
                return
            self._sleep(random.uniform(0.5, 1) * _FIRST_PAUSE * 2**attempt)  # noqa: S311 - jitter
        raise _NotTakenError(f"{len(rest)} of {len(batch)} items were not taken in {_ATTEMPTS} attempts")

    def _failed(self, what: str, error: Exception) -> None:
        self._report.count("LedgerFailures")
        self._report.warn(f"the ledger could not be {what}", reason=str(error))


class NoLedger:
    """Memory that lasts as long as the function's container, for a stack without a table."""

    def __init__(self) -> None:
        self._memories: dict[str, Any] = {}

    def load(self, key: str) -> Memory:
        """Return what this container remembers of a group."""
        return Memory.from_json(self._memories.get(key, {}))

    def save(self, key: str, memory: Memory, events: Sequence[tuple[str, str, str]] = ()) -> None:
        """Keep what is remembered of a group, and no stories: the log has them."""
        del events
        self._memories[key] = memory.to_json()


def _story(key: str, events: Sequence[tuple[str, str, str]], at: float) -> list[Any]:
    """Return the requests that add events to the stories of instances."""
    expires = {"N": str(int(at) + _STORY_DAYS * _DAY)}
    return [
        {
            "PutRequest": {
                "Item": {
                    "pk": {"S": key},
                    "sk": {"S": f"instance#{instance_id}#{at:017.3f}#{what}#{number}"},
                    "event": {"S": what},
                    "detail": {"S": detail},
                    "at": {"N": f"{at:.3f}"},
                    "expires": expires,
                }
            }
        }
        for number, (instance_id, what, detail) in enumerate(events)
    ]
