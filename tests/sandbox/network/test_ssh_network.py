from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest

from cdk_app.sandbox.deploy_server.remoting import ConnectionOptions, RemotingError, open_connection
from cdk_app.sandbox.network.reachability import Outcome

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.remoting import CommandResult
    from tests.sandbox.network.conftest import Vpc

BASTION = "198.51.100.7"
WEB1, WEB2 = "10.20.1.11", "10.20.1.12"


def options(vpc: Vpc, address: str = WEB1, **changed: object) -> ConnectionOptions:
    login = {"os": "UNIX", "privateKey": vpc.private_key}
    cis: dict[str, dict[str, object]] = {
        "bastion": {**login, "address": BASTION, "port": "22", "username": "jump"}
    }
    host = {
        **login,
        "connectionType": "SFTP",
        "address": address,
        "username": "ec2-user",
        "jumpstation": "bastion",
        **changed,
    }
    return ConnectionOptions.from_ci(host, cis.__getitem__)


async def bastion_login(vpc: Vpc, username: str = "jump") -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        BASTION,
        sock=await vpc.network.connect(BASTION, 22),
        username=username,
        client_keys=[asyncssh.import_private_key(vpc.private_key)],
        known_hosts=None,
        config=None,
        agent_path=None,
    )


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


def errno_of(vpc: Vpc, host: str, port: int = 22) -> int | None:
    with pytest.raises(OSError) as raised:
        asyncio.run(vpc.network.connect(host, port))
    return raised.value.errno


def files(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def test_a_file_lands_on_the_named_instance_only(vpc: Vpc) -> None:
    async def put() -> None:
        for address, content in ((WEB1, b"one"), (WEB2, b"two")):
            async with open_connection(options(vpc, address), vpc.network) as connection:
                await connection.mkdir("/opt/shop")
                await connection.put(content, "/opt/shop/version")

    asyncio.run(put())
    assert files(vpc.network.instance_directory("i-web1")) == {"opt/shop/version": b"one"}
    assert files(vpc.network.instance_directory("i-web2")) == {"opt/shop/version": b"two"}


@pytest.mark.parametrize("connection_type", ["SFTP", "SCP"])
def test_files_come_and_go_by_relative_paths(vpc: Vpc, connection_type: str) -> None:
    directory = vpc.network.instance_directory("i-web1")
    seen: list[dict[str, bytes]] = []

    async def story() -> None:
        async with open_connection(options(vpc, connectionType=connection_type), vpc.network) as connection:
            await connection.mkdir("app/conf")
            await connection.mkdir("app/conf")
            await connection.put(b"a=1\n", "app/conf/main.cfg")
            await connection.put(b"a=2\n", "app/conf/main.cfg")
            seen.append(files(directory))
            await connection.delete("app")
            await connection.delete("app")
            seen.append(files(directory))

    asyncio.run(story())
    assert seen == [{"app/conf/main.cfg": b"a=2\n"}, {}]


def test_a_command_runs_in_the_instances_directory_with_a_clean_environment(
    vpc: Vpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_DEMO_PROCESS", "x")
    directory = vpc.network.instance_directory("i-web1")

    async def run() -> CommandResult:
        async with open_connection(options(vpc), vpc.network) as connection:
            return await connection.run("echo noise >&2; pwd; env; exit 7", {"GREETING": "it's me"})

    result = asyncio.run(run())
    assert result.exit_status == 7
    assert result.stderr == "noise\n"
    first, *lines = result.stdout.splitlines()
    environment = dict(line.split("=", 1) for line in lines)
    assert first == environment["HOME"] == str(directory)
    assert environment["GREETING"] == "it's me"
    assert environment["SSH_CONNECTION"].split()[0] == "10.20.0.5", "the peer is the bastion"
    assert "SECRET_OF_THE_DEMO_PROCESS" not in environment


def test_what_a_command_started_ends_with_its_session(vpc: Vpc) -> None:
    async def run() -> int:
        async with open_connection(options(vpc), vpc.network) as connection:
            result = await connection.run("sleep 1000 >/dev/null 2>&1 & echo $!")
            return int(result.stdout)

    process = asyncio.run(run())
    eventually(lambda: not _is_alive(process))


def _is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_direct_ssh_has_no_route_and_is_logged(vpc: Vpc) -> None:
    assert errno_of(vpc, WEB1) == errno.ENETUNREACH
    attempt = vpc.network.attempts[-1]
    assert (attempt.source, attempt.host, attempt.outcome) == (vpc.outside, WEB1, Outcome.UNREACHABLE)


def test_the_templates_security_groups_decide_anew_for_every_connection(vpc: Vpc) -> None:
    async def reach() -> None:
        async with open_connection(options(vpc), vpc.network):
            pass

    asyncio.run(reach())
    vpc.ec2.hosts_admit = "sg-other"
    with pytest.raises(RemotingError, match="Server closed connection during identification exchange"):
        asyncio.run(reach())
    vpc.ec2.bastion_admits = "192.0.2.0/24"
    with pytest.raises(RemotingError, match=r"Cannot connect to 198\.51\.100\.7:22 <- Connection timed out"):
        asyncio.run(reach())


def test_a_terminated_instance_drops_its_sessions_and_is_silent(vpc: Vpc) -> None:
    async def work() -> None:
        async with open_connection(options(vpc), vpc.network) as connection:
            vpc.ec2.terminate("i-web1")
            await connection.run("sleep 1000")

    with pytest.raises(RemotingError, match="Cannot execute command"):
        asyncio.run(work())
    started = time.monotonic()
    with pytest.raises(RemotingError):
        asyncio.run(work())
    assert time.monotonic() - started >= 0.3, "packets vanish, nobody refuses"


def test_the_bastion_gives_no_shell_no_files_and_no_other_port(vpc: Vpc) -> None:
    async def attempts() -> list[str]:
        refusals = []
        async with await bastion_login(vpc) as connection:
            for attempt in (
                lambda: connection.run("true"),
                connection.start_sftp_client,
                lambda: connection.open_connection(WEB1, 80),
                lambda: connection.forward_remote_port("", 0, "localhost", 1),
            ):
                with pytest.raises((asyncssh.Error, asyncssh.ChannelListenError)) as raised:
                    await attempt()
                refusals.append(type(raised.value).__name__)
        return refusals

    assert asyncio.run(attempts()) == ["ChannelOpenError"] * 3 + ["ChannelListenError"]


@pytest.mark.parametrize(("bastion_user", "host_user"), [("ec2-user", "ec2-user"), ("jump", "jump")])
def test_each_user_exists_on_its_own_machine_only(vpc: Vpc, bastion_user: str, host_user: str) -> None:
    async def attempt() -> None:
        async with await bastion_login(vpc, bastion_user) as bastion:
            await bastion.connect_ssh(
                WEB1,
                username=host_user,
                client_keys=[asyncssh.import_private_key(vpc.private_key)],
                known_hosts=None,
                config=None,
            )

    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(attempt())


def test_a_key_of_another_pair_is_refused(vpc: Vpc) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    with pytest.raises(RemotingError, match="UserAuthException: Exhausted available authentication methods"):
        asyncio.run(_open(options(vpc, privateKey=stranger), vpc))


async def _open(chosen: ConnectionOptions, vpc: Vpc) -> None:
    async with open_connection(chosen, vpc.network):
        pass


def test_forty_parallel_connections_share_readings_of_the_records(vpc: Vpc) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*(_open(options(vpc), vpc) for _ in range(40)))

    vpc.ec2.readings = 0
    asyncio.run(all_at_once())
    opened = [attempt for attempt in vpc.network.attempts if attempt.outcome is Outcome.CONNECTED]
    assert len(opened) == 80, "each has a bastion connection of its own"
    assert vpc.ec2.readings < 80


def test_no_socket_listens(vpc: Vpc) -> None:
    asyncio.run(_open(options(vpc), vpc))
    assert [
        path for path in vpc.network.instance_directory("i-web1").parent.rglob("*") if path.is_socket()
    ] == []


def test_a_cloud_that_does_not_answer_is_a_network_that_is_down(
    vpc: Vpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import EndpointConnectionError

    def unreachable() -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    monkeypatch.setattr(vpc.ec2, "describe_addresses", unreachable)
    assert errno_of(vpc, BASTION) == errno.ENETDOWN
