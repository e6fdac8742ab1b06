"""The stand-in's remoting over real OpenSSH, with the CIs that seeder and reconciler write."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh
import pytest

from cdk_app.sandbox.deploy_server.remoting import (
    CommandResult,
    ConnectionOptions,
    RemoteConnection,
    RemotingError,
    Timeouts,
    open_connection,
)
from tests.sandbox.network.namespaces import written
from tests.sandbox.network.namespaces.conftest import APPUSER_PASSWORD, CLERK_PASSWORD

if TYPE_CHECKING:
    from tests.sandbox.network.namespaces.conftest import Site

UNAUTHORIZED = "UserAuthException: Exhausted available authentication methods"
UNANSWERED = r"^Cannot connect to localhost:\d+ <- TransportException: Server closed connection"


def options(
    site: Site,
    host: dict[str, Any],
    jumpstation: dict[str, Any] | None = None,
    timeouts: Timeouts | None = None,
) -> ConnectionOptions:
    """Read the CIs; whatever the host refers to as its jumpstation is the bastion's CI."""
    return ConnectionOptions.from_ci(host, lambda _: jumpstation or site.jumpstation(), timeouts)


async def run(site: Site, chosen: ConnectionOptions, command: str) -> CommandResult:
    async with open_connection(chosen, site.network) as connection:
        return await connection.run(command)


@asynccontextmanager
async def bastion(site: Site, username: str = "jump") -> AsyncIterator[asyncssh.SSHClientConnection]:
    async with asyncssh.connect(
        site.network.bastion_address,
        sock=await site.network.connect(site.network.bastion_address, 22),
        username=username,
        client_keys=[site.keys["ED25519"]],
        known_hosts=None,
        config=None,
        agent_path=None,
    ) as connection:
        yield connection


@pytest.mark.parametrize(
    ("template", "owner"),
    [
        (None, "ec2-user"),
        ("SCP", "ec2-user"),
        ("SUDO", "appuser"),
        ("SUDO to root", "root"),
        ("INTERACTIVE_SUDO", "appuser"),
    ],
)
def test_every_connection_type_copies_and_runs(site: Site, template: str | None, owner: str) -> None:
    if owner != "ec2-user":
        site.need_root()
    path = f"/tmp/proof-{template}".replace(" ", "-")  # noqa: S108 - on the host

    async def story(connection: RemoteConnection) -> CommandResult:
        await connection.mkdir(f"{path}/conf")
        await connection.put(b"first\n", f"{path}/conf/app")
        await connection.put(b"second\n", f"{path}/conf/app")
        return await connection.run(f"id -un; cat {path}/conf/app")

    async def scenario() -> CommandResult:
        host = site.host(template=template)
        async with open_connection(options(site, host), site.network) as connection:
            return await story(connection)

    result = asyncio.run(scenario())
    lines = result.stdout.split()
    assert (result.exit_status, lines[0], lines[-1]) == (0, owner, "second")
    assert site.network.run_on("web1", f"stat -c %U {path}/conf/app").strip() == owner
    assert site.network.run_on("web2", f"ls {path} 2>/dev/null || echo absent").strip() == "absent"
    assert site.network.run_on("web1", "ls /tmp").count("ot-") == 0, "nothing staged is left"


@pytest.mark.parametrize("kind", ["INTERACTIVE_SUDO", "SU"])
def test_a_password_prompt_is_answered(site: Site, kind: str) -> None:
    site.need_root()
    host = site.su_host() if kind == "SU" else site.host(template=written.WITH_PASSWORD)
    result = asyncio.run(run(site, options(site, host), "id -un"))
    assert (result.exit_status, result.stdout.split()[-1]) == (0, "appuser")
    assert not {CLERK_PASSWORD, APPUSER_PASSWORD} & set(result.stdout.split())


@pytest.mark.parametrize("kind", ["ED25519", "RSA"])
@pytest.mark.parametrize("form", ["privateKey", "privateKeyFile"])
def test_key_pairs_as_ec2_makes_them_log_in_at_both_hops(
    site: Site, kind: str, form: str, tmp_path: Path
) -> None:
    container = "openssh" if kind == "ED25519" else "pkcs1-pem"
    text = site.keys[kind].export_private_key(container).decode()
    file = tmp_path / "key"
    file.write_text(text)
    login = {form: text if form == "privateKey" else str(file)}
    hops = [
        {name: value for name, value in ci.items() if name != "privateKey"}
        for ci in (site.host(), site.jumpstation())
    ]
    host, jumpstation = ({**ci, **login} for ci in hops)
    assert asyncio.run(run(site, options(site, host, jumpstation), "true")).exit_status == 0


def test_a_direct_connection_has_no_route_and_the_host_sees_the_bastion(site: Site) -> None:
    direct = {**site.host(), "jumpstation": None}
    with pytest.raises(RemotingError, match=r"^Cannot connect to \S+:22 <- Network is unreachable$"):
        asyncio.run(run(site, options(site, direct), "true"))
    result = asyncio.run(run(site, options(site, site.host()), "echo $SSH_CONNECTION"))
    seen = result.stdout.split()[0]
    assert seen in site.network.run_on("bastion", "ip -brief address")
    assert seen != site.network.deploy_address


def test_sshd_accepts_what_the_user_data_wrote(site: Site) -> None:
    site.network.run_on("bastion", "sshd -t")
    asked = site.network.run_on("bastion", "cat /run/systemctl.log").splitlines()
    assert asked == ["enable jumpstation-routes.service", "restart sshd"]


def test_the_user_data_may_run_again(site: Site) -> None:
    before = site.network.run_on("bastion", "ip rule; cat /etc/ssh/sshd_config.d/*")
    site.network.run_on("bastion", "bash /run/set-up")
    assert site.network.run_on("bastion", "ip rule; cat /etc/ssh/sshd_config.d/*") == before


def test_forwards_lead_to_port_22_of_the_groups_subnets_only(site: Site) -> None:
    """The other machine and the other port answer the bastion's root: it is the user who is not let there."""

    async def opened(address: str, port: int) -> bool:
        async with bastion(site) as connection:
            try:
                reader, writer = await connection.open_connection(address, port)
            except asyncssh.ChannelOpenError:
                return False
            greeting: bytes = await asyncio.wait_for(reader.read(4), 5)
            writer.close()
            return greeting == b"SSH-"

    second = "sshd -p 2222 -o PidFile=none"
    site.network.run_on("web1", f"/usr/sbin/{second}")
    for addresses in (site.addresses, site.ipv6_addresses):
        web1, web2, other = (addresses[name] for name in ("web1", "web2", "other"))
        reachable = {(web1, 22), (web2, 22), (web1, 2222), (other, 22)}
        for address, port in reachable:
            greeting = f"exec 3<>/dev/tcp/{address}/{port} && head -c 4 <&3"
            assert site.network.run_on("bastion", f'bash -c "{greeting}"') == "SSH-"
        assert {place for place in reachable if asyncio.run(opened(*place))} == {(web1, 22), (web2, 22)}


def test_a_host_may_be_addressed_by_ipv6(site: Site) -> None:
    host = {**site.host(), "address": site.ipv6_addresses["web1"]}
    assert asyncio.run(run(site, options(site, host), "hostname")).stdout == "web1\n"


def test_a_machine_outside_the_subnets_is_told_as_overthere_tells_it(site: Site) -> None:
    with pytest.raises(RemotingError, match=UNANSWERED):
        asyncio.run(run(site, options(site, site.host("other")), "true"))


def test_the_jump_user_gets_no_session_and_no_remote_forward(site: Site) -> None:
    async def attempts() -> list[str]:
        refused = []
        async with bastion(site) as connection:
            for attempt in (
                lambda: connection.run("true"),
                lambda: connection.create_process(),
                connection.start_sftp_client,
                lambda: connection.forward_remote_port("", 8022, "localhost", 22),
                lambda: connection.open_unix_connection("/run/dbus/system_bus_socket"),
            ):
                with pytest.raises((asyncssh.Error, asyncssh.ChannelListenError)) as raised:
                    await attempt()
                refused.append(type(raised.value).__name__)
        return refused

    expected = ["ChannelOpenError"] * 3 + ["ChannelListenError", "ChannelOpenError"]
    assert asyncio.run(attempts()) == expected


@pytest.mark.parametrize("username", ["ec2-user", "root", "nobody"])
def test_nobody_else_logs_in_to_the_bastion(site: Site, username: str) -> None:
    jumpstation = {**site.jumpstation(), "username": username}
    with pytest.raises(
        RemotingError, match=rf"^Cannot connect to ssh-jumpstation://{username}@.* <- {UNAUTHORIZED}$"
    ):
        asyncio.run(run(site, options(site, site.host(), jumpstation), "true"))


def test_a_wrong_key_is_told_for_the_hop_that_refuses_it(site: Site) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    with pytest.raises(RemotingError, match=rf"^Cannot connect to ssh:sftp://ec2-user@.* <- {UNAUTHORIZED}$"):
        asyncio.run(run(site, options(site, {**site.host(), "privateKey": stranger}), "true"))
    jumpstation = {**site.jumpstation(), "privateKey": stranger}
    with pytest.raises(
        RemotingError, match=rf"^Cannot connect to ssh-jumpstation://jump@.* <- {UNAUTHORIZED}$"
    ):
        asyncio.run(run(site, options(site, site.host(), jumpstation), "true"))


def test_forty_parallel_connections_are_all_accepted(site: Site) -> None:
    async def all_at_once() -> list[CommandResult]:
        chosen = options(site, site.host())
        return await asyncio.gather(*(run(site, chosen, "echo done") for _ in range(40)))

    assert {(result.exit_status, result.stdout) for result in asyncio.run(all_at_once())} == {(0, "done\n")}


def test_a_changed_host_key_is_not_noticed(site: Site) -> None:
    """Addresses are used again by new instances; Overthere verifies no host key."""
    chosen = options(site, site.host("web2"))
    before = asyncio.run(run(site, chosen, "cat /etc/ssh/ssh_host_ed25519_key.pub")).stdout
    key = "/etc/ssh/ssh_host_ed25519_key"
    site.network.run_on("web2", f"rm {key}*; ssh-keygen -q -t ed25519 -N '' -f {key}; kill -HUP 1")
    deadline = time.monotonic() + 10
    while True:
        try:
            after = asyncio.run(run(site, chosen, f"cat {key}.pub")).stdout
            break
        except RemotingError:
            # sshd is starting anew.
            assert time.monotonic() < deadline
    assert before != after


def test_silence_costs_the_transport_timeout(site: Site) -> None:
    patience = Timeouts(connection=5, transport=2)
    chosen = options(site, site.host("web2"), timeouts=patience)
    with site.network.cut_off("web2"):
        started = time.monotonic()
        with pytest.raises(RemotingError, match=r"^Cannot connect to localhost:\d+ <- TransportException"):
            asyncio.run(run(site, chosen, "true"))
        assert 2 <= time.monotonic() - started < 15
    assert asyncio.run(run(site, options(site, site.host("web2")), "true")).exit_status == 0
