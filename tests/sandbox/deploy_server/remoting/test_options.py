from __future__ import annotations

from typing import Any

import pytest

from cdk_app.sandbox.deploy_server.remoting import (
    ConnectionOptionError,
    ConnectionOptions,
    ConnectionType,
    Timeouts,
)

HOST: dict[str, Any] = {
    "os": "UNIX",
    "connectionType": "SFTP",
    "address": "10.20.1.11",
    "username": "ec2-user",
}
NO_ITEMS: dict[str, dict[str, object]] = {}


def read(properties: dict[str, Any], **others: dict[str, Any]) -> ConnectionOptions:
    return ConnectionOptions.from_ci(properties, others.__getitem__)


def test_defaults_are_overtheres() -> None:
    options = read(HOST)
    assert (options.port, options.temporary_directory, options.delete_temporary_files) == (22, "/tmp", True)  # noqa: S108 - on the host
    assert options.timeouts == Timeouts(connection=120.0, transport=30.0, socket=0.0)
    assert (options.jumpstation, options.elevation) == (None, None)


@pytest.mark.parametrize("port", [2222, "2222"])
def test_a_port_is_a_number_or_a_string(port: object) -> None:
    assert read({**HOST, "port": port}).port == 2222


@pytest.mark.parametrize("name", ["connectionType", "os", "address", "username"])
@pytest.mark.parametrize("unset", [None, ""])
def test_a_missing_required_option_is_named(name: str, unset: str | None) -> None:
    with pytest.raises(
        ConnectionOptionError, match=f"^No value specified for required connection option {name}$"
    ):
        read({**HOST, name: unset})


@pytest.mark.parametrize(
    ("connection_type", "name"),
    [
        ("SUDO", "sudoUsername"),
        ("INTERACTIVE_SUDO", "sudoUsername"),
        ("SU", "suUsername"),
    ],
)
def test_elevation_needs_a_user(connection_type: str, name: str) -> None:
    with pytest.raises(ConnectionOptionError, match=f"required connection option {name}$"):
        read({**HOST, "connectionType": connection_type})


def test_the_jumpstations_own_options_are_required_but_no_connection_type() -> None:
    host = {**HOST, "jumpstation": "Infrastructure/bastion"}
    jumpstation = {"os": "UNIX", "address": "198.51.100.7", "username": "jump"}
    found = read(host, **{"Infrastructure/bastion": jumpstation}).jumpstation
    assert found is not None
    assert (found.address, found.connection_type) == ("198.51.100.7", None)
    with pytest.raises(ConnectionOptionError, match=r"required connection option os$"):
        read(host, **{"Infrastructure/bastion": {**jumpstation, "os": None}})


def test_jumpstations_chain() -> None:
    first = {"os": "UNIX", "address": "a", "username": "u"}
    options = read(
        {**HOST, "jumpstation": "second"},
        second={**first, "address": "b", "jumpstation": "first"},
        first=first,
    )
    assert options.jumpstation is not None
    assert options.jumpstation.jumpstation is not None
    assert [options.jumpstation.address, options.jumpstation.jumpstation.address] == ["b", "a"]


def test_a_cycle_of_jumpstations_is_an_error() -> None:
    hop = {"os": "UNIX", "address": "a", "username": "u"}
    with pytest.raises(ConnectionOptionError, match="cycle: one -> two -> one"):
        read(
            {**HOST, "jumpstation": "one"},
            one={**hop, "jumpstation": "two"},
            two={**hop, "jumpstation": "one"},
        )


def test_named_credentials_take_the_place_of_the_hosts_own() -> None:
    host = {**HOST, "username": None, "password": "old", "credentials": "Configuration/login"}
    options = read(
        host, **{"Configuration/login": {"username": "deploy", "password": "new", "passphrase": ""}}
    )
    assert (options.username, options.password, options.passphrase) == ("deploy", "new", None)


@pytest.mark.parametrize("value", ["sftp", "Telnet"])
def test_connection_types_are_spelled_exactly(value: str) -> None:
    with pytest.raises(ConnectionOptionError, match=rf"No enum constant .*SshConnectionType\.{value}$"):
        read({**HOST, "connectionType": value})


def test_windows_hosts_are_said_to_be_out_of_reach() -> None:
    with pytest.raises(ConnectionOptionError, match="SFTP_WINSSHD reaches Windows hosts"):
        read({**HOST, "connectionType": "SFTP_WINSSHD"})


def test_a_ci_sets_timeouts_except_the_transports() -> None:
    host = {
        **HOST,
        "connectionTimeoutMillis": 5000,
        "socketTimeoutMillis": "6000",
        "transportTimeoutMillis": 7000,
    }
    assert read(host).timeouts == Timeouts(connection=5.0, transport=30.0, socket=6.0)


def test_the_servers_timeouts_apply_where_the_ci_sets_none() -> None:
    options = ConnectionOptions.from_ci(HOST, NO_ITEMS.__getitem__, Timeouts(1.0, 2.0, 3.0))
    assert options.timeouts == Timeouts(1.0, 2.0, 3.0)


def test_a_prompt_pattern_must_not_end_in_a_wildcard() -> None:
    host = {
        **HOST,
        "connectionType": "INTERACTIVE_SUDO",
        "sudoUsername": "app",
        "sudoPasswordPromptRegex": ".*:?",
    }
    with pytest.raises(ConnectionOptionError, match="sudoPasswordPromptRegex should not end in a wildcard"):
        read(host)


def test_no_secret_is_shown() -> None:
    secrets = {"password": "pass-1", "privateKey": "key-2", "passphrase": "phrase-3", "suPassword": "su-4"}
    host = {**HOST, **secrets, "connectionType": "SU", "suUsername": "app", "jumpstation": "bastion"}
    options = read(host, bastion={**HOST, **secrets})
    assert options.connection_type is ConnectionType.SU
    assert [secret for secret in secrets.values() if secret in repr(options)] == []


def test_a_connection_is_named_as_in_overtheres_log() -> None:
    elevated = {**HOST, "connectionType": "SUDO", "sudoUsername": "app"}
    assert read(HOST).name("10.20.1.11:22") == "ssh:sftp://ec2-user@10.20.1.11:22"
    assert read(elevated).name("localhost:1024") == "ssh:sudo://ec2-user:app@localhost:1024"


@pytest.mark.parametrize("connection_type", ["SFTP_OpenSSHD", "WINRM_INTERNAL", "WINRM_NATIVE", "TELNET"])
def test_windows_is_registered_but_not_reached(connection_type: str) -> None:
    with pytest.raises(
        ConnectionOptionError, match=f"^connectionType {connection_type} reaches Windows hosts"
    ):
        read({**HOST, "os": "WINDOWS", "connectionType": connection_type})
