"""Private addresses of a subnet."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

RESERVED_AT_START = 4
"""Network address, VPC router, DNS server, kept for later (VPC user guide, subnet sizing)."""


class NoFreeAddressError(Exception):
    """Every address of the subnet is taken."""


def first_free(cidr: str, used: Collection[str]) -> str:
    """Return the lowest address of a subnet that AWS would hand out and nobody has.

    Lowest first, so that the address of a terminated instance comes back at once: on AWS it may, and code
    that identifies a host by its address is wrong there too.

    Parameters
    ----------
    cidr
        The subnet's block, such as ``"10.20.128.0/18"``.
    used
        Addresses of its living instances and interfaces.

    Raises
    ------
    NoFreeAddressError
        When the subnet is full; the text names its block.
    """
    network = IPv4Network(cidr)
    for offset in range(RESERVED_AT_START, network.num_addresses - 1):
        address = str(network[offset])
        if address not in used:
            return address
    raise NoFreeAddressError(f"There are no free addresses in subnet {cidr}.")
