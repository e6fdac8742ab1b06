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

_SSH_PORT = 22
_SMB_PORT = 445
_WINRM_PORT = 5985
_WINRM_HTTPS_PORT = 5986

Value = str | int | bool | Sequence[str]
"""Value of a property."""

_DEFAULTS: Mapping[str, Mapping[str, Value]] = {
    "overthere.SshHost": {
        "os": "UNIX",
        "connectionType": "SFTP",
        "port": _SSH_PORT,
        "username": "ec2-user",
    },
    "overthere.SmbHost": {
        "os": "WINDOWS",
        "connectionType": "WINRM_INTERNAL",
        "winrmEnableHttps": True,
        "smbPort": _SMB_PORT,
        "username": "Administrator",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTemplate:
    """Connection properties that every new host of a group gets, in Deploy's own names.

    Parameters
    ----------
    properties
        Properties of the hosts' type, on top of its defaults. Those of ``overthere.SshHost`` are ``os=UNIX``,
        ``connectionType=SFTP``, ``port=22``, ``username=ec2-user``; those of ``overthere.SmbHost`` are in
        `winrm`. A list is a set of strings, as for ``tags``, by which Deploy maps deployables to hosts. Give
        ``None`` to leave a default out.
    address
        What of an instance is its host's address (- its private IPv4 address).
    type
        Type of the hosts (- ``overthere.SshHost``). ``overthere.SmbHost`` is Windows by WinRM and SMB.

    Raises
    ------
    ValueError
        If a property is given that only we know (``address``, ``jumpstation``), that belongs to the login
        (``privateKeyFile``, ``credentials``), or that would put a secret into the template; if the type or
        the kind of address is another, a port is none, or a value is of no type that Deploy knows.
    """

    properties: Mapping[str, Value | None] = field(default_factory=lambda: MappingProxyType({}))
    address: Literal["private-ipv4", "private-dns", "ipv6"] = "private-ipv4"
    type: Literal["overthere.SshHost", "overthere.SmbHost"] = "overthere.SshHost"

    def __post_init__(self) -> None:
        if self.type not in _DEFAULTS:
            raise ValueError(
                f"type of the hosts: got {self.type!r}, expected 'overthere.SshHost' or 'overthere.SmbHost'"
            )
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
        for name, value in self.properties.items():
            if not _is_value(value):
                raise ValueError(
                    f"host template property {name!r}: got {value!r}, expected text, a whole number, true or "
                    "false, a list of texts, or None to leave a default out"
                )
        for name, port in self._ports().items():
            if not port.isdecimal() or not 0 < int(port) < 65536:
                raise ValueError(f"host template property {name!r}: got {port}, expected 1 to 65535")

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

    @classmethod
    def winrm(cls, *, username: str = "Administrator", https: bool = True) -> Self:
        """Return the template of Windows hosts that run commands by WinRM and get files by SMB.

        They have ``os=WINDOWS``, ``connectionType=WINRM_INTERNAL``, ``winrmEnableHttps=true``, ``port=5986``,
        ``smbPort=445``, and a password for `login`. Deploy takes a host's certificate if its Java trusts the
        authority and it names the host's address. Source: the options of Deploy's connection library,
        Overthere, for the protocol ``smb``.

        Parameters
        ----------
        username
            User that logs in; one of a domain as ``user@DOMAIN.EXAMPLE``.
        https
            Encrypt WinRM. If not, at port 5985, a local user's password crosses the network in the clear.
        """
        return cls(type="overthere.SmbHost", properties={"username": username, "winrmEnableHttps": https})

    @property
    def ports(self) -> tuple[int, ...]:
        """TCP ports that Deploy connects to."""
        return tuple(map(int, self._ports().values()))

    @property
    def takes_keys(self) -> bool:
        """Whether Deploy can log in to such a host with a key."""
        return self.type == "overthere.SshHost"

    def _ports(self) -> dict[str, str]:
        rendered = self.rendered()
        defaults = (
            {"port": _SSH_PORT} if self.takes_keys else {"port": _winrm(rendered), "smbPort": _SMB_PORT}
        )
        return {name: str(rendered.get(name, default)) for name, default in defaults.items()}

    def rendered(self) -> dict[str, str | list[str]]:
        """Return the properties as Deploy's REST interface takes them: strings, and lists of strings."""
        merged = {**_DEFAULTS[self.type], **self.properties}
        rendered = {name: _rendered(value) for name, value in merged.items() if value is not None}
        if not self.takes_keys and "port" not in merged:
            rendered["port"] = str(_winrm(rendered))
        return rendered


def _winrm(rendered: Mapping[str, object]) -> int:
    """Return the port that WinRM is at if none is given."""
    return _WINRM_HTTPS_PORT if rendered.get("winrmEnableHttps") == "true" else _WINRM_PORT


def _is_value(value: object) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return all(isinstance(each, str) for each in value)
    return value is None or isinstance(value, str | int)


def _rendered(value: Value) -> str | list[str]:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int):
        return str(value)
    return [str(each) for each in value]


def _unwanted(name: str, advice: str) -> ValueError:
    return ValueError(f"host template property {name!r}: got a value, expected none; {advice}")
