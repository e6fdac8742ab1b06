"""What `HostTemplate` refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app import HostTemplate

if TYPE_CHECKING:
    from tests.cdk_app.refusals.attempts import Refusals

REFUSED: Refusals = {
    "address of the template": (
        lambda _: HostTemplate(properties={"address": "10.0.0.1"}),
        "host template property 'address': got a value, expected none; "
        "each host gets its own from its instance and its bastion",
    ),
    "secret in the template": (
        lambda _: HostTemplate(properties={"password": "hunter2"}),
        "host template property 'password': got a value, expected none; "
        "a template holds no secrets; pass login= to the group or hub",
    ),
    "login in the template": (
        lambda _: HostTemplate(properties={"privateKeyFile": "/key"}),
        "host template property 'privateKeyFile': got a value, expected none; "
        "pass login= to the group or hub",
    ),
    "kind of address": (
        lambda _: HostTemplate(address="public"),  # type: ignore[arg-type] # wrong on purpose
        "address of the hosts: got 'public', expected 'private-ipv4', 'private-dns' or 'ipv6'",
    ),
    "type of the template": (
        lambda _: HostTemplate(type="overthere.CifsHost"),  # type: ignore[arg-type] # wrong on purpose
        "type of the hosts: got 'overthere.CifsHost', expected 'overthere.SshHost' or 'overthere.SmbHost'",
    ),
    "smb port of the template": (
        lambda _: HostTemplate(type="overthere.SmbHost", properties={"smbPort": 70000}),
        "host template property 'smbPort': got 70000, expected 1 to 65535",
    ),
    "port of the template": (
        lambda _: HostTemplate(properties={"port": 0}),
        "host template property 'port': got 0, expected 1 to 65535",
    ),
    "name for a port": (
        lambda _: HostTemplate(properties={"port": "ssh"}),
        "host template property 'port': got ssh, expected 1 to 65535",
    ),
    "value of no type": (
        lambda _: HostTemplate(properties={"connectionTimeoutMillis": 1.5}),  # type: ignore[dict-item] # wrong on purpose
        "host template property 'connectionTimeoutMillis': got 1.5, expected text, a whole number, true or "
        "false, a list of texts, or None to leave a default out",
    ),
}
