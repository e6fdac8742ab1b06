"""Which instances a group launches and which it gives up. Pure.

The default termination choice is AWS's with its last step made definite: from the zone with most instances,
first those of the oldest launch template version, then the one launched first (AWS: the one closest to the
next billing hour, else any).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.auto_scaling.model import CAPACITY, WARM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cdk_app.sandbox.cloud.auto_scaling.model import Group, Member, Subnet


def in_capacity(members: Iterable[Member]) -> list[Member]:
    """Return the members that count towards the desired capacity."""
    return [member for member in members if member.state in CAPACITY]


def in_pool(members: Iterable[Member]) -> list[Member]:
    """Return the members that count towards the warm pool."""
    return [member for member in members if member.state in WARM]


def next_subnet(subnets: Sequence[Subnet], members: Iterable[Member]) -> Subnet:
    """Choose the next launch's subnet: in the least used zone the least used, then in their order."""
    present = list(members)
    by_zone = Counter(member.subnet.zone for member in present)
    by_subnet = Counter(member.subnet.id for member in present)
    return min(subnets, key=lambda subnet: (by_zone[subnet.zone], by_subnet[subnet.id]))


def victims(group: Group, members: Iterable[Member]) -> list[Member]:
    """Choose the members that a group with too many lets go, in order.

    Members that are protected from scale-in stay, so fewer than the surplus may be returned.
    """
    present = in_capacity(members)
    order = ORDERS.get(group.policies[0], _default_order) if group.policies else _default_order
    chosen: list[Member] = []
    for _ in range(len(present) - group.desired):
        zones = Counter(member.subnet.zone for member in present)
        free = [member for member in present if not member.protected]
        if not free:
            break
        most = max(zones[member.subnet.zone] for member in free)
        victim = min((member for member in free if zones[member.subnet.zone] == most), key=order)
        present.remove(victim)
        chosen.append(victim)
    return chosen


def _version(member: Member) -> int:
    return int(member.template.version) if member.template else 0


def _default_order(member: Member) -> tuple[float, ...]:
    return _version(member), member.launched


ORDERS: dict[str, Callable[[Member], tuple[float, ...]]] = {
    "Default": _default_order,
    "NewestInstance": lambda member: (-member.launched,),
    "OldestInstance": lambda member: (member.launched,),
    "OldestLaunchTemplate": _default_order,
}
"""Order inside the zone per termination policy; any other policy counts as the default."""
