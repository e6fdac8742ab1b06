"""Which options go together, checked before anything is made."""

from __future__ import annotations

import json
import re
from types import NoneType, UnionType
from typing import TYPE_CHECKING, get_args

from aws_cdk import Duration, Token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_autoscaling as autoscaling

    from cdk_app.gate import Gate
    from cdk_app.host_template import HostTemplate

__all__ = [
    "check_environment",
    "check_existing",
    "check_interval",
    "check_name",
    "check_new",
    "check_no_text",
    "check_order",
    "check_texts",
    "check_type",
    "is_under",
    "readable",
    "refuse",
    "refuse_with_endpoint",
]

_TOKEN = re.compile(r"\$\{Token\[[^\]]*\]\}")
_LONGEST_ORDER = 2500
"""Characters that the settings of a group leave for it: they are one parameter of 4,096."""


def refuse(given: Mapping[str, object], where: str, why: str) -> None:
    """Refuse options that mean nothing beside another one.

    Parameters
    ----------
    given
        Values of the options by name, None where nothing was given.
    where, why
        What they came together with, and why they have no place there.

    Raises
    ------
    ValueError
        If a value of `given` is not None.
    """
    for option, value in given.items():
        if value is not None:
            raise ValueError(f"{option}: got a value {where}, expected none; {why}")


def refuse_with_endpoint(
    template: HostTemplate, gate: Gate | None, order: Sequence[str], interval: Duration | None
) -> None:
    """Refuse options of a group that the endpoint delivery has no place for.

    Raises
    ------
    ValueError
        If one of them was given.
    """
    refuse(
        {
            "gate": gate,
            "application_order": order or None,
            "address": None if template.address == "private-ipv4" else template.address,
            "type of the hosts": None if template.type == "overthere.SshHost" else template.type,
            "reconcile_interval": interval,
        },
        "for a group of a hub with endpoint delivery",
        "only the handler delivery can do that",
    )


def check_type(option: str, value: object, kinds: type | UnionType, advice: str) -> None:
    """Refuse a value of another type, such as text where an object is expected.

    Parameters
    ----------
    option
        Name of the option.
    value
        What was given; not shown, for it may be a secret.
    kinds
        Types that it may have.
    advice
        What to pass.

    Raises
    ------
    TypeError
        If `value` has none of `kinds`.
    """
    if not isinstance(value, kinds):
        names = " or ".join(
            "None" if kind is NoneType else kind.__name__ for kind in get_args(kinds) or (kinds,)
        )
        raise TypeError(f"{option}: got {type(value).__name__}, expected {names}; {advice}")


def check_no_text(option: str, value: object, expected: str) -> None:
    """Refuse a name or an ARN where the object that it stands for is expected.

    Parameters
    ----------
    option
        Name of the option.
    value
        What was given; not shown, for it may be a secret.
    expected
        What is expected, and how to get it.

    Raises
    ------
    TypeError
        If `value` is text.
    """
    if isinstance(value, str):
        raise TypeError(f"{option}: got text, expected {expected}")


def check_name(name: str | None) -> None:
    """Refuse a name that no group can have.

    Raises
    ------
    ValueError
        If it is known only when the stack is deployed, or Auto Scaling would refuse it.
    """
    if name is None:
        return
    check_type("group_name", name, str, "pass text")
    if Token.is_unresolved(name):
        raise ValueError(
            "group_name: got a name that is known only at deployment, expected text, for ids of constructs "
            "are made of it; write account and region out, or leave it out"
        )
    _check_characters("group_name", name)


def check_existing(group: autoscaling.IAutoScalingGroup | None) -> None:
    """Refuse what is no group, or one that has no name to give permissions for.

    Raises
    ------
    TypeError
        If it is text.
    ValueError
        If its name has a wild card.
    """
    check_no_text(
        "existing_group",
        group,
        "a group; import yours with AutoScalingGroup.from_auto_scaling_group_name(…)",
    )
    if group is not None and not Token.is_unresolved(group.auto_scaling_group_name):
        _check_characters("name of existing_group", group.auto_scaling_group_name)


def _check_characters(option: str, name: str) -> None:
    # The colon is Auto Scaling's, the others are wild cards in the ARN that permissions are given for.
    if not 0 < len(name) <= 255 or any(character in ":*?$" for character in name):
        raise ValueError(
            f"{option}: got {name!r}, expected 1 to 255 characters without ':', '*', '?' and '$'"
        )


def check_new(max_capacity: int | None) -> int:
    """Return the most instances of a new group.

    Raises
    ------
    ValueError
        If it is missing, or Auto Scaling would refuse it.
    """
    if max_capacity is None:
        raise ValueError("max_capacity: got nothing, expected the most instances the group may have")
    if not Token.is_unresolved(max_capacity) and (not isinstance(max_capacity, int) or max_capacity < 1):
        raise ValueError(f"max_capacity: got {max_capacity!r}, expected a whole number, at least 1")
    return max_capacity


def check_interval(interval: Duration | None) -> Duration:
    """Return the time between two looks without an event.

    Raises
    ------
    ValueError
        If EventBridge Scheduler knows no such rate.
    """
    if interval is None:
        return Duration.minutes(5)
    if interval.is_unresolved():
        return interval
    minutes = interval.to_minutes(integral=False)
    if minutes < 1 or minutes % 1:
        raise ValueError(
            f"reconcile_interval: got {minutes * 60:g} s, expected whole minutes, at least 1, as EventBridge "
            "Scheduler counts"
        )
    return interval


def check_order(names: Sequence[str]) -> None:
    """Refuse an order of applications that is none, or does not fit.

    Raises
    ------
    ValueError
        If a name is empty or there twice, or the names are too long for the group's settings.
    """
    check_texts("application_order", names, "names of applications such as ['database', 'shop']")
    if (length := len(json.dumps(list(names)))) > _LONGEST_ORDER:
        raise ValueError(
            f"application_order: got names of {length} characters, expected at most {_LONGEST_ORDER}; name "
            "those only that others depend on"
        )


def check_texts(option: str, values: Sequence[str], example: str) -> None:
    """Refuse what is no list of different texts: text itself is a sequence of texts too.

    Raises
    ------
    ValueError
        If it is text, or a text in it is empty or there twice.
    """
    if isinstance(values, str) or not all(values) or len(set(values)) < len(values):
        raise ValueError(f"{option}: got {values!r}, expected a list of different {example}")


def check_environment(environment: str) -> None:
    """Refuse an id that cannot be an environment's.

    Raises
    ------
    ValueError
        If it is not under ``Environments``, a part of it is empty, or it has braces besides ``{group}``.
    """
    known = readable(environment).replace("{group}", "")
    if not is_under("Environments", environment) or "{" in known or "}" in known:
        raise ValueError(
            f"environment: got {environment!r}, expected an id such as 'Environments/team/{{group}}'"
        )


def readable(text: str) -> str:
    """Return a text with ``0`` for each part that is known only at deployment."""
    return _TOKEN.sub("0", text)


def is_under(root: str, ci_id: str) -> bool:
    """Tell whether something is an id in Deploy under one of its roots, with no part left empty."""
    first, *parts = ci_id.split("/")
    return first == root and bool(parts) and all(parts)
