"""Which options go together, checked before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_app.host_template import HostTemplate
    from cdk_app.login import Login

__all__ = ["check_environment", "check_login", "check_new", "refuse"]

_KEYS = frozenset({"privateKey", "privateKeyFile", "passphrase"})


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


def check_login(login: Login, template: HostTemplate) -> None:
    """Refuse a key for hosts that Deploy cannot log in to with one.

    Raises
    ------
    ValueError
        If the type of the hosts has no property for it.
    """
    if not template.takes_keys and _KEYS & {*login.properties(), *login.secret_properties()}:
        raise ValueError(
            f"login of the group: got {type(login).__name__} for hosts of {template.type}, expected a "
            "password, for WinRM and SMB know no keys; pass login=StoredPassword(…) or CredentialsItem(…) to "
            "the group"
        )
