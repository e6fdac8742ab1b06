"""Events on their way from AWS services to EventBridge, some of which get lost if asked."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.background import Background
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_app.sandbox.cloud.auto_scaling.events import Event

events = names("services.eventbridge", functions=("_put_events",))

SOURCE = "aws.autoscaling"

_background = Background("events")
_lock = threading.Lock()
_to_lose = 0


def publish(event: Event) -> None:
    """Send an event of Auto Scaling after the present request, unless its turn to get lost has come."""
    global _to_lose
    with _lock:
        lost = _to_lose > 0
        _to_lose -= lost
    if not lost:
        _background.soon(lambda: put(SOURCE, event.detail_type, event.detail, event.resources))


def put(source: str, detail_type: str, detail: dict[str, object], resources: Sequence[str] = ()) -> None:
    """Put an event on the default bus as an AWS service does; people may not use such sources."""
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": list(resources),
    }
    events._put_events({"Entries": [entry]}, allow_aws_source=True)


def lose(count: int) -> None:
    """Let the next events of Auto Scaling get lost."""
    global _to_lose
    with _lock:
        _to_lose = count
