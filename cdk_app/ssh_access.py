"""How SSH from the Deploy server reaches the instances: three choices, of which a hub takes one."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_cdk import Token
from aws_cdk import aws_ec2 as ec2

from cdk_app.options import is_under

if TYPE_CHECKING:
    from cdk_app.host_template import HostTemplate

__all__ = ["DirectAccess", "ExistingJumpstation", "NewBastion", "SshAccess", "peers"]

_SSH = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBastion:
    """A bastion of our own: one small instance with a fixed public address that only forwards SSH.

    Parameters
    ----------
    allowed_cidrs
        IPv4 or IPv6 ranges that may open SSH to it: where the Deploy server's connections come from.
        There is no default, least of all the whole internet.
    target_ipv6_cidrs
        IPv6 ranges of the groups' subnets, for hosts with ``address="ipv6"`` (- it leads to their IPv4 ranges
        alone). The network's public subnets must have IPv6 too. CDK knows these ranges of no subnet that was
        imported; of a network with two stacks they are `Fn.select(0, subnet.subnet_ipv6_cidr_blocks)`.

    Raises
    ------
    ValueError
        If no range is given, or one is malformed, all addresses, or of the wrong family.
    """

    allowed_cidrs: Sequence[str]
    target_ipv6_cidrs: Sequence[str] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        _check_ranges(self.allowed_cidrs)
        if isinstance(self.target_ipv6_cidrs, str):
            raise ValueError(_not_ipv6(self.target_ipv6_cidrs))
        for cidr in self.target_ipv6_cidrs:
            if not Token.is_unresolved(cidr):
                _check_ipv6(cidr)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingJumpstation:
    """A jumpstation that Deploy knows already; it is neither created nor changed.

    Parameters
    ----------
    ci_id
        Id of the ``overthere.SshJumpstation`` in Deploy.
    security_group
        Its security group, if it is an instance in the same network (- none).
    allowed_cidrs
        Ranges that its connections to the instances come from (- none).

    Raises
    ------
    ValueError
        If `ci_id` is not under ``Infrastructure``, or nothing says where its connections come from.
    """

    ci_id: str
    security_group: ec2.ISecurityGroup | None = None
    allowed_cidrs: Sequence[str] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        if not Token.is_unresolved(self.ci_id) and not is_under("Infrastructure", self.ci_id):
            raise ValueError(
                f"ci_id of the jumpstation: got {self.ci_id!r}, expected an id such as "
                "'Infrastructure/aws/bastion'"
            )
        if self.security_group is None:
            _check_ranges(self.allowed_cidrs)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectAccess:
    """No jumpstation: Deploy has a route into the groups' subnets, as by peering or a transit gateway.

    Parameters
    ----------
    allowed_cidrs
        Ranges that the Deploy server's connections come from.

    Raises
    ------
    ValueError
        If no range is given, or one is malformed or all addresses.
    """

    allowed_cidrs: Sequence[str]

    def __post_init__(self) -> None:
        _check_ranges(self.allowed_cidrs)


SshAccess = NewBastion | ExistingJumpstation | DirectAccess
"""How SSH from the Deploy server reaches the instances."""


def peers(access: SshAccess, bastion: ec2.ISecurityGroup | None, template: HostTemplate) -> list[ec2.IPeer]:
    """Return where SSH connections to the instances come from.

    Parameters
    ----------
    access
        How the Deploy server reaches them.
    bastion
        Security group of our own bastion, if there is one.
    template
        What the hosts in Deploy are like.

    Raises
    ------
    ValueError
        If our own bastion leads to no such host, for it forwards to port 22, and over IPv6 only where it was
        told the ranges; or if Deploy reaches none through a jumpstation.
    """
    native = template.properties.get("connectionType") == "WINRM_NATIVE"
    if native and not isinstance(access, DirectAccess):
        raise ValueError(
            "connectionType of the hosts: got 'WINRM_NATIVE', expected 'WINRM_INTERNAL', for winrs goes "
            "through no jumpstation; use WINRM_INTERNAL, or DirectAccess on the hub"
        )
    if bastion is not None:
        if template.address == "ipv6" and isinstance(access, NewBastion) and not access.target_ipv6_cidrs:
            raise ValueError(
                "address of the hosts: got 'ipv6', expected 'private-ipv4' or 'private-dns', where alone the "
                "bastion leads; pass target_ipv6_cidrs= to NewBastion, or use DirectAccess or "
                "ExistingJumpstation on the hub"
            )
        if template.ports != (_SSH,):
            got = ", ".join(map(str, template.ports))
            raise ValueError(
                f"port of the hosts: got {got}, expected 22, which alone the bastion forwards; "
                "use SSH at port 22 on the hosts, or DirectAccess or ExistingJumpstation on the hub"
            )
        return [bastion]
    if isinstance(access, ExistingJumpstation) and access.security_group is not None:
        return [access.security_group]
    return [ec2.Peer.ipv6(cidr) if ":" in cidr else ec2.Peer.ipv4(cidr) for cidr in access.allowed_cidrs]


def _check_ranges(cidrs: Sequence[str]) -> None:
    if isinstance(cidrs, str) or not cidrs:
        raise ValueError(
            f"allowed_cidrs: got {cidrs!r}, expected a list with at least one range such as "
            "'203.0.113.10/32'; name the addresses that the Deploy server connects from"
        )
    if Token.is_unresolved(list(cidrs)):
        raise ValueError(
            "allowed_cidrs: got a list that is known only at deployment, expected a list of ranges; take "
            "each of them with Fn.select"
        )
    for cidr in cidrs:
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


def _check_ipv6(cidr: str) -> None:
    try:
        network = ipaddress.IPv6Network(cidr)
    except ValueError:
        raise ValueError(_not_ipv6(cidr)) from None
    if network.prefixlen == 0:
        raise ValueError(_not_ipv6(cidr))


def _not_ipv6(got: object) -> str:
    return (
        f"target_ipv6_cidrs: got {got!r}, expected a list of IPv6 ranges of the groups' subnets such as "
        "'2001:db8:20:1::/64'"
    )
