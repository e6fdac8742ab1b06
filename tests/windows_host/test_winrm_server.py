"""The stand-in of WinRM as pywinrm sees it, the client that Ansible uses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from requests.exceptions import SSLError
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WSManFaultError
from winrm.protocol import Protocol

from tests.runtime.deploy.certificates import context
from tests.windows_host.winrm_server import winrm_server

USERNAME, PASSWORD = "Administrator", "word: of the administrator"


@pytest.fixture(autouse=True)
def trust_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust nothing that this machine's settings name."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with winrm_server(tmp_path, username=USERNAME, password=PASSWORD) as port:
        yield port


def protocol(
    port: int, *, scheme: str = "http", password: str = PASSWORD, trusted: str = "legacy_requests"
) -> Protocol:
    """Return a client; without a file of trusted certificates, it trusts those that Python brings along."""
    return Protocol(
        f"{scheme}://127.0.0.1:{port}/wsman",
        transport="basic",
        username=USERNAME,
        password=password,
        ca_trust_path=trusted,
        operation_timeout_sec=1,
        read_timeout_sec=20,
    )


@pytest.fixture
def client(port: int) -> Iterator[Protocol]:
    client = protocol(port)
    yield client
    client.transport.close_session()


def run(client: Protocol, command: str, *arguments: str) -> tuple[str, str, int]:
    shell_id = client.open_shell()
    command_id = client.run_command(shell_id, command, arguments)
    output, errors, status = client.get_command_output(shell_id, command_id)
    client.cleanup_command(shell_id, command_id)
    client.close_shell(shell_id, close_session=False)
    return output.decode(), errors.decode(), status


def test_a_command_has_output_errors_and_a_status(client: Protocol, tmp_path: Path) -> None:
    assert run(client, "pwd", "-P") == (f"{tmp_path}\n", "", 0)
    assert run(client, "echo wrong >&2; exit 3") == ("", "wrong\n", 3)


def test_the_quotation_marks_around_a_line_are_the_shells(client: Protocol) -> None:
    assert run(client, '"printf "%s-" "a b" c"') == ("a b-c-", "", 0)


def test_a_shell_has_variables(client: Protocol) -> None:
    shell_id = client.open_shell(env_vars={"COLOUR": "blue"})
    command_id = client.run_command(shell_id, "echo $COLOUR")
    assert client.get_command_output(shell_id, command_id) == (b"blue\n", b"", 0)


def test_long_output_comes_whole(client: Protocol) -> None:
    output, _, status = run(client, "seq", "50000")
    assert (output.splitlines(), status) == ([str(number) for number in range(1, 50001)], 0)


def test_a_command_reads_what_is_sent_until_the_end(client: Protocol) -> None:
    shell_id = client.open_shell()
    command_id = client.run_command(shell_id, "tr a-z A-Z")
    with pytest.raises(WinRMOperationTimeoutError):
        client.get_command_output_raw(shell_id, command_id)
    client.send_command_input(shell_id, command_id, "first ")
    client.send_command_input(shell_id, command_id, "second", end=True)
    assert client.get_command_output(shell_id, command_id) == (b"FIRST SECOND", b"", 0)
    with pytest.raises(WSManFaultError, match="does not match its schema"):
        client.send_command_input(shell_id, command_id, "third")


def test_terminate_ends_a_command_that_runs(client: Protocol) -> None:
    shell_id = client.open_shell()
    command_id = client.run_command(shell_id, "echo $$; exec cat")
    output, _, _, done = client.get_command_output_raw(shell_id, command_id)
    assert not done
    client.cleanup_command(shell_id, command_id)
    with pytest.raises(ProcessLookupError):
        os.kill(int(output), 0)
    with pytest.raises(WSManFaultError, match="The command was not found"):
        client.get_command_output(shell_id, command_id)


def test_a_deleted_shell_is_not_there(client: Protocol) -> None:
    shell_id = client.open_shell()
    client.close_shell(shell_id, close_session=False)
    with pytest.raises(WSManFaultError) as raised:
        client.run_command(shell_id, "pwd")
    assert raised.value.wsman_fault_code == 2150858843


def test_what_it_does_not_have_it_refuses(client: Protocol) -> None:
    with pytest.raises(WSManFaultError, match="The feature is not supported"):
        client.open_shell(working_directory="C:\\")
    shell_id = client.open_shell()
    with pytest.raises(WSManFaultError, match="The feature is not supported"):
        client.run_command(shell_id, "pwd", skip_cmd_shell=True)


def test_another_password_is_refused(port: int) -> None:
    with pytest.raises(InvalidCredentialsError):
        protocol(port, password="other").open_shell()


def test_its_certificate_is_the_one_that_it_was_given(tmp_path: Path) -> None:
    tls, certificate = context(tmp_path)
    with winrm_server(tmp_path, username=USERNAME, password=PASSWORD, tls=tls) as port:
        client = protocol(port, scheme="https", trusted=certificate)
        assert run(client, "echo encrypted") == ("encrypted\n", "", 0)
        client.transport.close_session()
        with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            protocol(port, scheme="https").open_shell()
