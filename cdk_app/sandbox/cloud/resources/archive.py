"""``AWS::Events::Archive``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.resources.types import physical_name, register

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.resources.types import Created, Properties

events = names(
    "services.eventbridge", functions=("_create_archive", "_update_archive"), stores=("_archives",)
)

NAME_LENGTH = 48


def _request(name: str, properties: Properties) -> Properties:
    request = {"ArchiveName": name, "EventSourceArn": properties["SourceArn"]}
    pattern = properties.get("EventPattern")
    if pattern is not None:
        request["EventPattern"] = pattern if isinstance(pattern, str) else json.dumps(pattern)
    for member in ("Description", "RetentionDays"):
        if member in properties:
            request[member] = properties[member]
    return request


def _create(logical_id: str, properties: Properties, stack: str) -> Created:
    name = properties.get("ArchiveName") or physical_name(stack, logical_id)[-NAME_LENGTH:]
    status, _, body = events._create_archive(_request(name, properties))
    if status >= 400:
        raise ValueError(json.loads(body)["message"])
    return name, {"Arn": events._archives[name]["ArchiveArn"]}


def _update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    if any(old.get(name) != new.get(name) for name in ("ArchiveName", "SourceArn")):
        return _create(logical_id, new, stack)
    events._update_archive(_request(physical_id, new))
    return physical_id, {"Arn": events._archives[physical_id]["ArchiveArn"]}


def _delete(physical_id: str, _properties: Properties) -> None:
    events._archives.pop(physical_id, None)


def install() -> None:
    """Register the type."""
    register("AWS::Events::Archive", _create, _delete, _update)
