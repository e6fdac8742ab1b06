"""The ledger in DynamoDB: what is remembered of each group, and the story of each instance.

Keys: ``pk`` is the group's key; ``sk`` is ``memory#<part>`` for the memory, cut into parts because an item
holds at most 400 kB, and ``instance#<id>#<time>#<event>`` for the story, which is only ever added to.
``expires`` is the TTL attribute, seconds since the epoch.

A ledger that is absent, empty or out of reach costs work, never correctness: it does not fail a run.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from runtime.reconciliation.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from runtime.reconciliation.ports import Reporter

WRITE_BATCH = 25
"""Items in one call: BatchWriteItem's limit."""

_PART_BYTES = 300_000
_MEMORY_DAYS, _STORY_DAYS = 90, 30
_DAY = 86_400
_FAILURES = (BotoCoreError, ClientError)


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
    """

    def __init__(
        self,
        dynamodb: Callable[[], DynamoDBClient],
        table: str,
        clock: Callable[[], float],
        report: Reporter,
    ) -> None:
        self._dynamodb, self._table, self._clock, self._report = dynamodb, table, clock, report
        self._parts: dict[str, int] = {}

    def load(self, key: str) -> Memory:
        """Return what is remembered of a group; nothing when it cannot be read."""
        try:
            answer = self._dynamodb().query(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="pk = :key AND begins_with(sk, :kind)",
                ExpressionAttributeValues={":key": {"S": key}, ":kind": {"S": "memory#"}},
            )
            parts = sorted((item["sk"]["S"], bytes(item["data"]["B"])) for item in answer["Items"])
            self._parts[key] = len(parts)
            if not parts:
                return Memory()
            return Memory.from_json(json.loads(zlib.decompress(b"".join(data for _, data in parts))))
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
            Replaces what is kept.
        events
            What has happened since the last time, each ``(instance id, what, detail)``.
        """
        now = self._clock()
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
        # The memory comes first: should a later call fail, what a run depends on is kept.
        self._write([*requests, *_story(key, events, now)])

    def _write(self, requests: list[Any]) -> None:
        try:
            for start in range(0, len(requests), WRITE_BATCH):
                rest: dict[str, Any] = {self._table: requests[start : start + WRITE_BATCH]}
                for _ in range(3):
                    rest = dict(
                        self._dynamodb().batch_write_item(RequestItems=rest).get("UnprocessedItems") or {}
                    )
                    if not rest:
                        break
        except _FAILURES as error:
            self._failed("written", error)

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
