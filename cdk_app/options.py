"""What a person says about Deploy, the bastion and the hosts: values, checked when they are made."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from aws_cdk import Duration, Token
from aws_cdk import aws_secretsmanager as secretsmanager

__all__ = ["DeployServer", "Gate", "HostTemplate", "NewBastion"]

DOCUMENTATION_ADDRESS = "192.0.2.1"
"""Address of a template: RFC 5737 reserves it for documentation, so nothing ever answers there."""

_MANAGED_PROPERTIES = frozenset({"address", "jumpstation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployServer:
    """Where Digital.ai Deploy is and who we are there.

    Parameters
    ----------
    url
        Base address, with or without a trailing ``/deployit``. Must be ``https`` unless
        `allow_plain_http` is set.
    credentials
        Secret holding ``{"username": …, "password": …}`` or ``{"token": …}``. Only its id reaches the
        functions; its value is in no template and no environment variable.
    allow_plain_http
        Accept an ``http`` address: the credentials then cross the network in the clear.

    Raises
    ------
    ValueError
        If `url` is not an absolute http(s) address, or is plain http without the opt-in.
    """

    url: str
    credentials: secretsmanager.ISecret
    allow_plain_http: bool = False

    def __post_init__(self) -> None:
        if Token.is_unresolved(self.url):
            return
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(
                f"url of the Deploy server: got {self.url!r}, expected an address such as "
                "'https://deploy.example.com:4516'"
            )
        if parts.username is not None:
            raise ValueError(
                "url of the Deploy server: got one with a user name in it, expected none; "
                "put user and password into the credentials secret"
            )
        if parts.scheme == "http" and not self.allow_plain_http:
            raise ValueError(
                f"url of the Deploy server: got {self.url!r}, expected https; "
                "pass allow_plain_http=True if credentials may cross this network in the clear"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBastion:
    """A bastion of our own: one small instance with a fixed public address that only forwards SSH.

    Parameters
    ----------
    allowed_cidrs
        IPv4 or IPv6 ranges that may open SSH to it: where the Deploy server's connections come from.
        There is no default, least of all the whole internet.

    Raises
    ------
    ValueError
        If a range is missing, malformed or all addresses.
    """

    allowed_cidrs: Sequence[str]

    def __post_init__(self) -> None:
        if isinstance(self.allowed_cidrs, str) or not self.allowed_cidrs:
            raise ValueError(
                f"allowed_cidrs: got {self.allowed_cidrs!r}, expected a list with at least one range such as "
                "'203.0.113.10/32'; name the addresses that the Deploy server connects from"
            )
        for cidr in self.allowed_cidrs:
            if Token.is_unresolved(cidr):
                continue
            try:
                network = ipaddress.ip_network(cidr)
            except ValueError as error:
                raise ValueError(
                    f"allowed_cidrs: got {cidr!r} ({error}), expected a range such as '203.0.113.10/32'"
                ) from None
            if network.prefixlen == 0:
                raise ValueError(
                    f"allowed_cidrs: got {cidr!r}, which is everybody, expected the ranges that the Deploy "
                    "server connects from"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTemplate:
    """Connection properties that every new host CI of a group gets, in Deploy's own names.

    Parameters
    ----------
    properties
        Properties of ``overthere.SshHost``, on top of the defaults ``os=UNIX``,
        ``connectionType=SFTP``, ``username=ec2-user``, ``port=22``. Give ``None`` to leave one out.

    Raises
    ------
    ValueError
        If a property is given that only we can know (``address``, ``jumpstation``) or that would put a
        secret into the template (``password``, ``privateKey``, ``passphrase``, …).
    """

    properties: Mapping[str, str | int | bool | None] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for name in self.properties:
            if name in _MANAGED_PROPERTIES:
                raise ValueError(
                    f"host template property {name!r}: got a value, expected none; "
                    "it is set for each host from its instance and its bastion"
                )
            if name in SECRET_PROPERTIES:
                raise ValueError(
                    f"host template property {name!r}: got a value, expected none; secrets do not belong "
                    "into a template, keep them in Secrets Manager or SSM"
                )

    def rendered(self) -> dict[str, str]:
        """Return the properties as Deploy's REST interface writes them: all values as strings."""
        merged: dict[str, str | int | bool | None] = {
            "os": "UNIX",
            "connectionType": "SFTP",
            "port": 22,
            "username": "ec2-user",
            **self.properties,
        }
        return {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in merged.items()
            if value is not None
        }


SECRET_PROPERTIES = frozenset({"password", "passphrase", "privateKey", "suPassword"})
"""Properties that Deploy itself treats as passwords."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Lifecycle hooks: no instance in service before it is deployed to, none gone before undeployment.

    Parameters
    ----------
    heartbeat_timeout
        How long Auto Scaling waits without a sign of life from the reconciler, 30 seconds to 2 hours
        (- 30 minutes). Each reconcile renews it while there is work.
    on_failure
        What becomes of a new instance whose deployment failed, and of one that nobody spoke for in time:
        ``ABANDON`` replaces it, ``CONTINUE`` puts it into service without its applications.

    Raises
    ------
    ValueError
        If the timeout is outside of what Auto Scaling accepts.
    """

    heartbeat_timeout: Duration = field(default_factory=lambda: Duration.minutes(30))
    on_failure: Literal["ABANDON", "CONTINUE"] = "ABANDON"

    def __post_init__(self) -> None:
        seconds = self.heartbeat_timeout.to_seconds()
        if not 30 <= seconds <= 7200:
            raise ValueError(f"heartbeat_timeout: got {seconds:g} s, expected 30 to 7200 s")
        if self.on_failure not in {"ABANDON", "CONTINUE"}:
            raise ValueError(f"on_failure: got {self.on_failure!r}, expected 'ABANDON' or 'CONTINUE'")
