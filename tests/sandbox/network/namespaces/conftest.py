from __future__ import annotations

import ipaddress
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from cdk_app.sandbox.network.namespaces import (
    HOST_SET_UP,
    Machine,
    NamespaceNetwork,
    NoMeansError,
    means,
)
from tests.sandbox.network.namespaces import written

CLERK_PASSWORD = "clerk-word-1"
APPUSER_PASSWORD = "appuser-word-2"
# A place for applications; people whose sudo asks, and a user whom su makes, since Overthere knows them.
PEOPLE = f"""
chown ec2-user: /opt
useradd --create-home --shell /bin/bash clerk
printf 'clerk:{CLERK_PASSWORD}\\nappuser:{APPUSER_PASSWORD}\\n' | chpasswd
echo 'clerk ALL=(appuser) PASSWD: ALL' >/etc/sudoers.d/clerk
cat >>/etc/ssh/sshd_config.d/00-host.conf <<'CONFIG'
Match User clerk
  PasswordAuthentication yes
CONFIG
"""


@dataclass(frozen=True)
class Site:
    """The network of the synthesized stack, and the keys of its key pair."""

    network: NamespaceNetwork
    addresses: dict[str, str]
    ipv6_addresses: dict[str, str]
    keys: dict[str, asyncssh.SSHKey] = field(repr=False)

    @property
    def private_key(self) -> str:
        return self.keys["ED25519"].export_private_key("openssh").decode()

    def host(self, machine: str = "web1", template: str | None = None) -> dict[str, Any]:
        secret = CLERK_PASSWORD if template == written.WITH_PASSWORD else self.private_key
        return written.host(secret, self.addresses[machine], template)

    def su_host(self) -> dict[str, Any]:
        """Return a host as people make one of ours by hand: no template takes a second password."""
        by_hand = {"connectionType": "SU", "suUsername": "appuser", "suPassword": APPUSER_PASSWORD}
        return {**self.host(), **by_hand}

    def need_root(self) -> None:
        """Skip what needs set-user-id programs on the machines."""
        if not self.network.is_root:
            pytest.skip("sudo and su do not work in namespaces that an ordinary user made")

    def jumpstation(self) -> dict[str, Any]:
        return written.jumpstation(self.private_key)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Bring the network up once; its machines are in the very subnets of the template."""
    try:
        means()
    except NoMeansError as reason:
        pytest.skip(f"no network of namespaces: {reason}")
    keys = {
        "ED25519": asyncssh.generate_private_key("ssh-ed25519"),
        "RSA": asyncssh.generate_private_key("ssh-rsa", key_size=2048),
    }
    first, second = written.subnets(public=False)
    public = written.subnets(public=True)[0]
    places = {"web1": first, "web2": second, "other": public}
    interfaces = {name: _interface(cidr) for name, cidr in places.items()}
    # The one of the public subnet is none of those that the bastion leads to.
    ipv6_places = dict(zip(places, [*written.IPV6_SUBNETS, "2001:db8:20:3::/64"], strict=True))
    ipv6_interfaces = {name: _interface(cidr) for name, cidr in ipv6_places.items()}
    # Not pytest's directory: mount points need a short path, and nothing is kept.
    directory = Path(tempfile.mkdtemp(prefix="namespaces-"))
    machines = [
        Machine(name, str(interface), HOST_SET_UP + PEOPLE, str(ipv6_interfaces[name]))
        for name, interface in interfaces.items()
    ]
    try:
        with NamespaceNetwork(
            directory,
            public_key="".join(key.export_public_key().decode() for key in keys.values()),
            bastion_set_up=written.bastion_user_data(),
            machines=machines,
        ) as network:
            yield Site(network, _addresses(interfaces), _addresses(ipv6_interfaces), keys)
    finally:
        shutil.rmtree(directory)


_Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def _interface(cidr: str) -> _Interface:
    network = ipaddress.ip_network(cidr)
    return ipaddress.ip_interface(f"{network.network_address + 11}/{network.prefixlen}")


def _addresses(interfaces: dict[str, _Interface]) -> dict[str, str]:
    return {name: str(interface.ip) for name, interface in interfaces.items()}
