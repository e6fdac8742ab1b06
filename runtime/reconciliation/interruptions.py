"""What EC2 tells about Spot Instances of the whole account, made into hints for our groups. Pure.

The events name an instance and no group, and most of them are about instances of somebody else's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SOURCE = "aws.ec2"

MESSAGE_GROUP = "aws.ec2"
"""Message group of the events in the queue. The keys of groups have letters, digits and hyphens only."""

_INSTANCE_ID = re.compile(r"i-[0-9a-f]{1,17}")  # AWS refuses a call about a longer one, and all others in it


def named(events: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the instances that events name; whatever is not such an event names none."""
    details = (event.get("detail") for event in events if event.get("source") == SOURCE)
    return instance_ids(detail.get("instance-id") for detail in details if isinstance(detail, dict))


def instance_ids(values: Iterable[object]) -> frozenset[str]:
    """Return those of some values that are ids of instances: anybody may write into an event."""
    return frozenset(value for value in values if isinstance(value, str) and _INSTANCE_ID.fullmatch(value))


def by_key(groups: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Return the instances to be looked at by key of their group; strangers are in none.

    Parameters
    ----------
    groups
        Instance id to name of its Auto Scaling group.
    keys
        Key to name of the Auto Scaling group, for the groups that we look after.
    """
    found = {
        key: frozenset(instance for instance, group in groups.items() if group == name)
        for key, name in keys.items()
    }
    return {key: instances for key, instances in found.items() if instances}
