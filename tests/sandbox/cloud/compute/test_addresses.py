from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_app.sandbox.cloud.compute.addresses import NoFreeAddressError, first_free


def test_the_first_four_addresses_and_the_last_are_awss() -> None:
    used: set[str] = set()
    for _ in range(11):
        used.add(first_free("10.20.0.0/28", used))
    assert used == {f"10.20.0.{last}" for last in range(4, 15)}
    with pytest.raises(NoFreeAddressError, match=r"10\.20\.0\.0/28"):
        first_free("10.20.0.0/28", used)


@given(st.integers(16, 28), st.sets(st.integers(4, 14)))
def test_an_address_is_inside_the_subnet_and_free(prefix: int, taken: set[int]) -> None:
    network = IPv4Network(f"10.20.0.0/{prefix}")
    used = {str(network[offset]) for offset in taken}
    if prefix == 28 and len(used) == 11:
        return
    address = first_free(str(network), used)
    assert IPv4Address(address) in network
    assert address not in used
