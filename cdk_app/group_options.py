"""Which options of a group go together, checked before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Token

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_endpoint", "check_environment", "check_existing", "check_new"]


def check_existing(given: Mapping[str, object]) -> None:
    """Refuse what only a new group can be told, for a group that exists.

    Raises
    ------
    ValueError
        If a value of `given` is not None.
    """
    for option, value in given.items():
        if value is not None:
            raise ValueError(
                f"{option}: got a value together with existing_group, expected none; "
                "the existing group decides it"
            )


def check_new(name: str | None, max_capacity: int | None) -> int:
    """Return the most instances of a new group.

    Raises
    ------
    ValueError
        If it is missing, or Auto Scaling would refuse it or the name.
    """
    if max_capacity is None:
        raise ValueError("max_capacity: got nothing, expected the most instances the group may have")
    if not Token.is_unresolved(max_capacity) and max_capacity < 1:
        raise ValueError(f"max_capacity: got {max_capacity}, expected at least 1")
    # The colon is Auto Scaling's, the others are wild cards in the ARN that permissions are given for.
    if name is None or Token.is_unresolved(name):
        return max_capacity
    if not 0 < len(name) <= 255 or any(character in ":*?$" for character in name):
        raise ValueError(
            f"group_name: got {name!r}, expected 1 to 255 characters without ':', '*', '?' and '$'"
        )
    return max_capacity


def check_environment(environment: str) -> None:
    """Refuse an id that cannot be an environment's.

    Raises
    ------
    ValueError
        If it is not under ``Environments``, or a part of it is empty.
    """
    root, *names = environment.split("/")
    if root != "Environments" or not names or not all(names):
        raise ValueError(
            f"environment: got {environment!r}, expected an id such as 'Environments/team/{{group}}'"
        )


def check_endpoint(given: Mapping[str, object]) -> None:
    """Refuse what only the handler delivery can do, for a group of a hub with endpoint delivery.

    Raises
    ------
    ValueError
        If a value of `given` is not None.
    """
    for option, value in given.items():
        if value is not None:
            raise ValueError(
                f"{option}: got a value for a group of a hub with endpoint delivery, expected none; "
                "only the handler delivery can do that"
            )
