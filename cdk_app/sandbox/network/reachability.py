"""Decide from EC2's records alone who can open a TCP connection to whom.

Rules of Amazon VPC: security groups and their references, route tables, internet gateways, public addresses.
Network ACLs keep their default, which allows everything; peering and transit gateways do not exist here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from cdk_app.sandbox.network.records import SSH_PORT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_app.sandbox.network.records import Cidr, Instance, Rule, Topology

# Not `is_private`: that includes documentation ranges, which stand for public addresses here.
_PRIVATE = tuple(ip_network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))


class Outcome(Enum):
    """What the one who connects notices."""

    CONNECTED = "connected"
    REFUSED = "refused: the machine answers, nothing listens on the port"
    UNREACHABLE = "unreachable: there is no route, said at once"
    SILENCE = "silence: packets vanish"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, the machine that was meant (None when there is none), and why."""

    outcome: Outcome
    instance: Instance | None
    reason: str


def from_outside(topology: Topology, source: str, host: str, port: int) -> Verdict:
    """Judge a connection that comes from the internet.

    Parameters
    ----------
    topology
        What EC2 says now.
    source
        Public address the connection comes from.
    host, port
        Where it goes: an address or a DNS name of an instance.
    """
    instance = _find(topology, host, "public")
    if instance is None:
        private = _find(topology, host, "private")
        if private is not None or _is_private(host):
            return Verdict(Outcome.UNREACHABLE, private, "a private address has no route from outside")
        return Verdict(Outcome.SILENCE, None, "nobody has this address")
    if not _is_public_subnet(topology, instance, source):
        return Verdict(Outcome.SILENCE, instance, f"{instance.subnet} has no route to an internet gateway")
    return _ingress(topology, instance, _Peer(frozenset({source}), frozenset()), port)


def from_instance(topology: Topology, source: Instance, host: str, port: int) -> Verdict:
    """Judge a connection that one instance opens to another of its VPC; see `from_outside`."""
    instance = _find(topology, host, "private")
    if instance is None or instance.vpc != source.vpc:
        return Verdict(Outcome.SILENCE, None, f"nobody in {source.vpc} has this address")
    if not _admits(_rules(topology, source, "egress"), _Peer.of(instance), port):
        return Verdict(Outcome.SILENCE, instance, f"no security group of {source.id} lets it out to there")
    return _ingress(topology, instance, _Peer.of(source), port)


@dataclass(frozen=True, slots=True)
class _Peer:
    """The other end as a security group sees it."""

    addresses: frozenset[str]
    groups: frozenset[str]

    @classmethod
    def of(cls, instance: Instance) -> _Peer:
        return cls(instance.private_names, instance.security_groups)


def _ingress(topology: Topology, instance: Instance, peer: _Peer, port: int) -> Verdict:
    if not _admits(_rules(topology, instance, "ingress"), peer, port):
        groups = ", ".join(sorted(instance.security_groups))
        return Verdict(Outcome.SILENCE, instance, f"port {port} is not open to the source in {groups}")
    if port != SSH_PORT:
        return Verdict(Outcome.REFUSED, instance, f"nothing listens on port {port}")
    return Verdict(Outcome.CONNECTED, instance, "allowed by security groups and routes")


def _find(topology: Topology, host: str, kind: str) -> Instance | None:
    """Return the running instance with a name; an address may have been another's before."""
    for instance in topology.instances:
        names = instance.private_names if kind == "private" else instance.public_names
        if instance.state == "running" and host in names:
            return instance
    return None


def _is_public_subnet(topology: Topology, instance: Instance, destination: str) -> bool:
    tables = [table for table in topology.route_tables if table.vpc == instance.vpc]
    own = [table for table in tables if instance.subnet in table.subnets] or [
        table for table in tables if table.main
    ]
    matches = [
        (cidr, target) for table in own for cidr, target in table.routes.items() if _within(destination, cidr)
    ]
    if not matches:
        return False
    target = max(matches, key=lambda match: match[0].prefixlen)[1]
    return target.startswith("igw-")


def _rules(topology: Topology, instance: Instance, direction: str) -> Iterable[Rule]:
    for group_id in instance.security_groups:
        if (group := topology.security_groups.get(group_id)) is not None:
            yield from group.ingress if direction == "ingress" else group.egress


def _admits(rules: Iterable[Rule], peer: _Peer, port: int) -> bool:
    return any(_covers(rule, port) and _speaks_of(rule, peer) for rule in rules)


def _covers(rule: Rule, port: int) -> bool:
    if rule.protocol == "-1":
        return True
    if rule.protocol not in ("tcp", "6"):
        return False
    return (rule.first_port or 0) <= port <= (rule.last_port if rule.last_port is not None else 65535)


def _speaks_of(rule: Rule, peer: _Peer) -> bool:
    return bool(rule.groups & peer.groups) or any(
        _within(name, cidr) for cidr in rule.cidrs for name in peer.addresses
    )


def _within(name: str, cidr: Cidr) -> bool:
    try:
        address = ip_address(name)
    except ValueError:
        return False  # a DNS name
    return address.version == cidr.version and address in cidr


def _is_private(host: str) -> bool:
    return any(_within(host, cidr) for cidr in _PRIVATE)
