"""What all hosts of a group have in common in Deploy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Self

__all__ = ["DOCUMENTATION_ADDRESS", "HostTemplate"]

DOCUMENTATION_ADDRESS = "192.0.2.1"
"""Address of a template: RFC 5737 reserves it for documentation, so nothing ever answers there."""

_OURS = frozenset({"address", "jumpstation"})
_SECRETS = frozenset({"password", "passphrase", "privateKey", "suPassword"})
_LOGIN = frozenset({"credentials", "privateKeyFile"})

_SSH = 22

Value = str | int | bool | Sequence[str]
"""Value of a property."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTemplate:
    """Connection properties that every new host of a group gets, in Deploy's own names.

    Parameters
    ----------
    properties
        Properties of ``overthere.SshHost``, on top of the defaults ``os=UNIX``, ``connectionType=SFTP``,
        ``port=22``, ``username=ec2-user``. A list is a set of texts, as for ``tags``, by which Deploy maps
        deployables to hosts. Give ``None`` to leave a default out.
    address
        What of an instance is its host's address (- its private IPv4 address).

    Raises
    ------
    ValueError
        If a property is given that only we know (``address``, ``jumpstation``), that belongs to the login
        (``privateKeyFile``, ``credentials``), or that would put a secret into the template.
    """

    properties: Mapping[str, Value | None] = field(default_factory=lambda: MappingProxyType({}))
    address: Literal["private-ipv4", "private-dns", "ipv6"] = "private-ipv4"

    def __post_init__(self) -> None:
        for name in self.properties:
            if name in _OURS:
                raise _unwanted(name, "each host gets its own from its instance and its bastion")
            if name in _SECRETS:
                raise _unwanted(name, "a template holds no secrets; pass login= to the group or hub")
            if name in _LOGIN:
                raise _unwanted(name, "pass login= to the group or hub")
        if self.address not in {"private-ipv4", "private-dns", "ipv6"}:
            raise ValueError(
                f"address of the hosts: got {self.address!r}, "
                "expected 'private-ipv4', 'private-dns' or 'ipv6'"
            )
        if not 0 < self.port < 65536:
            raise ValueError(f"host template property 'port': got {self.port}, expected 1 to 65535")

    @classmethod
    def sudo(cls, user: str, *, login_user: str = "ec2-user") -> Self:
        """Return the template of Linux hosts on which Deploy logs in as one user and works as another.

        Parameters
        ----------
        user
            User that files and commands belong to, such as ``root``.
        login_user
            User that logs in, with a sudo rule that asks for no password.
        """
        return cls(properties={"connectionType": "SUDO", "username": login_user, "sudoUsername": user})

    @classmethod
    def windows(cls, *, username: str = "Administrator") -> Self:
        """Return the template of Windows hosts with OpenSSH, which Windows Server brings along.

        Parameters
        ----------
        username
            User that logs in.
        """
        return cls(properties={"os": "WINDOWS", "connectionType": "SFTP_OpenSSHD", "username": username})

    @property
    def port(self) -> int:
        """TCP port that Deploy connects to."""
        return int(str(self.rendered().get("port", _SSH)))

    def rendered(self) -> dict[str, str | list[str]]:
        """Return the properties as Deploy's REST interface takes them: texts, and lists of texts."""
        merged: dict[str, Value | None] = {
            "os": "UNIX",
            "connectionType": "SFTP",
            "port": _SSH,
            "username": "ec2-user",
            **self.properties,
        }
        return {name: _rendered(value) for name, value in merged.items() if value is not None}


def _rendered(value: Value) -> str | list[str]:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int):
        return str(value)
    return [str(each) for each in value]


def _unwanted(name: str, advice: str) -> ValueError:
    return ValueError(f"host template property {name!r}: got a value, expected none; {advice}")
