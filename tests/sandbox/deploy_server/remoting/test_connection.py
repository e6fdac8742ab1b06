from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest

from cdk_app.sandbox.deploy_server.remoting import (
    ConnectionOptions,
    DirectNetwork,
    RemotingError,
    Timeouts,
    open_connection,
)
from cdk_app.sandbox.deploy_server.remoting.options import Elevation
from cdk_app.sandbox.deploy_server.remoting.shell import command_line

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.remoting import CommandResult

NO_ITEMS: dict[str, dict[str, object]] = {}
Handler = Callable[["asyncssh.SSHServerProcess[str]"], None]


class PasswordServer(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - everybody has to log in
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("ec2-user", "login-word")


@asynccontextmanager
async def host(handler: Handler) -> AsyncIterator[ConnectionOptions]:
    """A host on this machine that lets a function play the shell."""
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=PasswordServer,
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        process_factory=handler,
    )
    async with server:
        yield ConnectionOptions.from_ci(
            {
                "os": "UNIX",
                "connectionType": "SFTP",
                "address": "127.0.0.1",
                "port": server.get_port(),
                "username": "ec2-user",
                "password": "login-word",
            },
            NO_ITEMS.__getitem__,
            Timeouts(connection=5, transport=5),
        )


def echo(process: asyncssh.SSHServerProcess[str]) -> None:
    process.stdout.write(process.command or "")
    process.exit(0)


async def run(options: ConnectionOptions, command: str) -> CommandResult:
    async with open_connection(options, DirectNetwork()) as connection:
        return await connection.run(command)


def test_a_password_logs_in() -> None:
    async def scenario() -> CommandResult:
        async with host(echo) as options:
            return await run(options, "id -un")

    assert asyncio.run(scenario()).stdout == "id -un"


def test_a_wrong_password_is_told_without_the_password() -> None:
    async def scenario() -> None:
        async with host(echo) as options:
            await run(replace(options, password="wrong-word"), "id")

    with pytest.raises(RemotingError) as raised:
        asyncio.run(scenario())
    assert "UserAuthException: Exhausted available authentication methods" in str(raised.value)
    assert "wrong-word" not in str(raised.value)


def test_sudo_is_a_prefix_and_su_quotes() -> None:
    sudo = Elevation("app", prefix="sudo -u {0}", quote=False)
    su = Elevation("app", prefix="su - {0} -c", quote=True)
    assert command_line("a | b", {}, sudo) == "sudo -u app a | b"
    assert command_line("a", {"X": "1 2"}, sudo) == "sudo -u app env X='1 2' a"
    assert command_line("a | b", {}, su) == "su - app -c 'a | b'"


def test_interactive_sudo_answers_the_prompt_and_hides_the_password() -> None:
    @dataclass
    class Prompt:
        received: list[str] = field(default_factory=list)
        terminal: str | None = None

        async def __call__(self, process: asyncssh.SSHServerProcess[str]) -> None:
            self.terminal = process.term_type
            process.stdout.write("[sudo] password for ec2-user: ")
            self.received.append((await process.stdin.readline()).rstrip("\n"))
            # A terminal that echoes, as some do.
            process.stdout.write(f"{self.received[0]}\nappuser\n")
            process.exit(0)

    prompt = Prompt()

    async def scenario() -> CommandResult:
        async with host(prompt) as options:  # type: ignore[arg-type] # asyncssh accepts a coroutine too
            interactive = Elevation(
                "appuser", "sudo -u {0}", quote=False, prompt=".*[Pp]assword.*:", password="login-word"
            )
            return await run(replace(options, elevation=interactive), "id -un")

    result = asyncio.run(scenario())
    assert prompt.received == ["login-word"]
    assert prompt.terminal == "vt220"
    assert result.stdout.endswith("\nappuser\n")
    assert "login-word" not in result.stdout


def test_a_command_may_be_silent_only_as_long_as_the_socket_timeout() -> None:
    async def silent(process: asyncssh.SSHServerProcess[str]) -> None:
        await process.wait_closed()

    async def scenario() -> None:
        async with host(silent) as options:  # type: ignore[arg-type] # asyncssh accepts a coroutine too
            await run(replace(options, timeouts=Timeouts(5, 5, socket=0.2)), "sleep 1000")

    with pytest.raises(RemotingError, match="Read timed out"):
        asyncio.run(scenario())


def test_a_talking_command_outlives_the_socket_timeout() -> None:
    async def talking(process: asyncssh.SSHServerProcess[str]) -> None:
        for _ in range(8):
            process.stdout.write(".")
            await asyncio.sleep(0.1)
        process.exit(0)

    async def scenario() -> CommandResult:
        async with host(talking) as options:  # type: ignore[arg-type] # asyncssh accepts a coroutine too
            return await run(replace(options, timeouts=Timeouts(5, 5, socket=0.5)), "work")

    assert asyncio.run(scenario()).stdout == "........"


def test_a_listener_that_says_nothing_costs_the_transport_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        options = ConnectionOptions(
            "127.0.0.1", "u", port=mute.getsockname()[1], password="x", timeouts=Timeouts(transport=0.3)
        )
        started = time.monotonic()
        with pytest.raises(RemotingError, match=r"Cannot connect to 127\.0\.0\.1"):
            asyncio.run(run(options, "true"))
        assert 0.3 <= time.monotonic() - started < 5


def test_nobody_listening_and_nobody_known_are_told_apart(unused_port: int) -> None:
    refused = ConnectionOptions("127.0.0.1", "u", port=unused_port, password="x")
    with pytest.raises(
        RemotingError, match=rf"^Cannot connect to 127\.0\.0\.1:{unused_port} <- Connection refused$"
    ):
        asyncio.run(run(refused, "true"))
    unknown = replace(refused, address="no-such-host.invalid")
    with pytest.raises(RemotingError, match=r"UnknownHostException: no-such-host\.invalid$"):
        asyncio.run(run(unknown, "true"))


def test_no_agent_no_configuration_and_no_known_hosts_of_the_user_leak_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / ".ssh"
    directory.mkdir()
    (directory / "config").write_text("Host *\n  HostName 127.0.0.9\n  User somebody\n")
    (directory / "known_hosts").write_text("127.0.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAA\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))

    async def scenario() -> CommandResult:
        async with host(echo) as options:
            return await run(options, "ok")

    assert asyncio.run(scenario()).stdout == "ok"


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_connection_that_is_lost_fails_the_command() -> None:
    def hang_up(process: asyncssh.SSHServerProcess[str]) -> None:
        process.channel.get_connection().abort()

    async def scenario() -> None:
        async with host(hang_up) as options:
            await run(options, "true")

    with pytest.raises(RemotingError, match="Cannot execute command on ssh:sftp://ec2-user@"):
        asyncio.run(scenario())


def test_without_key_and_password_nobody_is_logged_in() -> None:
    async def scenario() -> None:
        async with host(echo) as options:
            await run(replace(options, password=None), "true")

    with pytest.raises(RemotingError, match=r"^Not authenticated$"):
        asyncio.run(scenario())


def test_a_tunnel_runs_nothing() -> None:
    async def scenario() -> None:
        async with host(echo) as options:
            await run(replace(options, connection_type=None), "true")

    with pytest.raises(RemotingError, match="runs no command"):
        asyncio.run(scenario())
