"""What EC2 says about machines and the ways between them, as frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SSH_PORT = 22
Cidr = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Rule:
    """One permission of a security group.

    Parameters
    ----------
    protocol
        ``tcp`` or another protocol's name, ``-1`` for all.
    first_port, last_port
        The range of ports; None when all are meant.
    cidrs
        Addresses at the other end.
    groups
        Security groups at the other end.
    """

    protocol: str
    first_port: int | None = None
    last_port: int | None = None
    cidrs: frozenset[Cidr] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group: stateful, so only the first packet of a connection is judged."""

    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A route table of a VPC.

    Parameters
    ----------
    vpc
        Id of the VPC.
    main
        Whether it serves the subnets that have no association.
    subnets
        Ids of the associated subnets.
    routes
        Destination to target, e.g. ``igw-…``, ``nat-…`` or ``local``; blackholes are left out.
    """

    vpc: str
    main: bool
    subnets: frozenset[str]
    routes: Mapping[Cidr, str]


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance.

    Parameters
    ----------
    id
        ``i-…``.
    state
        As DescribeInstances names it: ``pending``, ``running``, …
    vpc, subnet
        Ids of where it runs; empty once it is terminated.
    address
        Primary private address.
    private_names, public_names
        Addresses and DNS names.
    security_groups
        Ids.
    key_name
        Its key pair, None without one.
    group
        Name of its Auto Scaling group, None for a machine that stands alone.
    """

    id: str
    state: str
    vpc: str = ""
    subnet: str = ""
    address: str = ""
    private_names: frozenset[str] = frozenset()
    public_names: frozenset[str] = frozenset()
    security_groups: frozenset[str] = frozenset()
    key_name: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Topology:
    """All of it at one moment; security groups by id."""

    instances: tuple[Instance, ...]
    security_groups: Mapping[str, SecurityGroup]
    route_tables: tuple[RouteTable, ...]
