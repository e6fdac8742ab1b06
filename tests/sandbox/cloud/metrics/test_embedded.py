from __future__ import annotations

import json
import time

import pytest

from cdk_app.sandbox.cloud.metrics.collection import of_queue
from cdk_app.sandbox.cloud.metrics.embedded import Datum, embedded


def line(**members: object) -> str:
    directive = {
        "Namespace": "App",
        "Dimensions": [["service"], ["service", "group"]],
        "Metrics": [{"Name": "Hosts", "Unit": "Count"}, {"Name": "Seconds"}],
    }
    return json.dumps(
        {
            "_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]},
            "service": "reconciler",
            "group": "web",
            "Hosts": [1.0, 2.0],
            "Seconds": 0.5,
            **members,
        }
    )


def test_every_value_counts_under_every_dimension_set() -> None:
    one, two = {"service": "reconciler"}, {"service": "reconciler", "group": "web"}
    assert embedded(line()) == [
        Datum("App", "Hosts", 1.0, "Count", one),
        Datum("App", "Hosts", 2.0, "Count", one),
        Datum("App", "Seconds", 0.5, "None", one),
        Datum("App", "Hosts", 1.0, "Count", two),
        Datum("App", "Hosts", 2.0, "Count", two),
        Datum("App", "Seconds", 0.5, "None", two),
    ]


@pytest.mark.parametrize("text", ["", "plain", "{no json", "{}", '{"_aws": 1}', line(Hosts="many")])
def test_other_lines_hold_no_metrics(text: str) -> None:
    assert embedded(text) == []


def test_a_queues_metrics() -> None:
    now = time.time()
    messages = [
        {"visible_at": now - 1, "receive_count": 0, "sent_at": now - 60},
        {"visible_at": now + 9, "receive_count": 1, "sent_at": now - 5},
        {"visible_at": now + 9, "receive_count": 0, "sent_at": now - 1},
    ]
    found = {
        datum.name.removeprefix("Approximate"): datum
        for datum in of_queue({"name": "q", "messages": messages}, now)
    }
    assert {name: round(datum.value) for name, datum in found.items()} == {
        "NumberOfMessagesVisible": 1,
        "NumberOfMessagesNotVisible": 1,
        "NumberOfMessagesDelayed": 1,
        "AgeOfOldestMessage": 60,
    }
    assert found["AgeOfOldestMessage"].dimensions == {"QueueName": "q"}
