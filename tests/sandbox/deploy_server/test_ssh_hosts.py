"""Steps on hosts that are reached by SSH, from the properties of their items."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import asyncssh
import pytest

from cdk_app.sandbox.deploy_server import DeployServer, ServerSettings
from tests.sandbox.deploy_server.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = asyncssh.generate_private_key("ssh-ed25519")
KEY_TEXT = KEY.export_private_key().decode()
MODIFICATION = """<synthetic xmlns="http://www.xebialabs.com/deployit/synthetic">
  <type-modification type="overthere.SshHost">
    <property name="privateKey" password="true" required="false" size="large"/>
  </type-modification>
</synthetic>"""


class Login(asyncssh.SSHServer):
    """Lets one user in, by the key above or by the password; may forward connections."""

    def __init__(self, user: str, forwarded: list[tuple[str, int]]) -> None:
        self._user = user
        self._forwarded = forwarded

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self._user and key == KEY.convert_to_public()

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (self._user, "jump-password")

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        del orig_host, orig_port
        self._forwarded.append((dest_host, dest_port))
        return True


class Machines:
    """A bastion and a host, with what the bastion has forwarded."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.forwarded: list[tuple[str, int]] = []
        self.bastion = self.host = 0

    async def listen(self) -> list[asyncssh.SSHAcceptor]:
        async def execute(process: asyncssh.SSHServerProcess[str]) -> None:
            child = await asyncio.create_subprocess_shell(
                process.command or "", cwd=self.directory, stdout=asyncio.subprocess.PIPE
            )
            output, _ = await child.communicate()
            process.stdout.write(output.decode())
            process.exit(child.returncode or 0)

        host_key = asyncssh.generate_private_key("ssh-ed25519")
        bastion = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=lambda: Login("jump", self.forwarded), server_host_keys=[host_key]
        )
        host = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: Login("ec2-user", []),
            server_host_keys=[host_key],
            process_factory=execute,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(self.directory).encode()),
        )
        self.bastion, self.host = bastion.get_port(), host.get_port()
        return [bastion, host]


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    found = Machines(tmp_path / "host")
    found.directory.mkdir()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listeners = asyncio.run_coroutine_threadsafe(found.listen(), loop).result()
    yield found

    async def close() -> None:
        for listener in listeners:
            listener.close()
            await listener.wait_closed()

    asyncio.run_coroutine_threadsafe(close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def api(tmp_path: Path, in_background: Callable[[Callable[[], None]], None]) -> Iterator[Api]:
    plugin = tmp_path / "synthetic.xml"
    plugin.write_text(MODIFICATION)
    server = DeployServer(ServerSettings(plugins=(plugin,)))
    server.start()
    yield Api(server.url)
    in_background(server.stop)


def release(api: Api, port: int, jumpstation: str | None) -> str:
    """Deploy a file and a command to a host at a port, and return the task at rest."""
    properties = {
        "os": "UNIX",
        "connectionType": "SFTP",
        "address": "127.0.0.1",
        "port": str(port),
        "username": "ec2-user",
        "privateKey": KEY_TEXT,
        "jumpstation": jumpstation,
    }
    shown = api.create("Infrastructure/host", type="overthere.SshHost", **properties)
    assert "OPENSSH" not in str(shown)
    api.create("Environments/env", type="udm.Environment", members=["Infrastructure/host"])
    api.create("Applications/app", type="udm.Application")
    api.create("Applications/app/1", type="udm.DeploymentPackage")
    file = {"targetPath": "/opt/app", "createTargetPath": "true"}
    api.upload("Applications/app/1/file", "file.File", b"release\n", "a.txt", **file)
    # After the copy, and with what it left behind.
    command = {"commandLine": "cat opt/app/a.txt > seen", "order": "90", "undoCommandLine": "rm seen"}
    api.create("Applications/app/1/look", type="cmd.Command", **command)
    task = api.deploy("Applications/app/1", "Environments/env")
    api.finish(task)
    return task


def test_files_and_commands_arrive_through_the_jumpstation_and_go_again(api: Api, machines: Machines) -> None:
    jump = {"os": "UNIX", "address": "127.0.0.1", "port": machines.bastion, "username": "jump"}
    api.create("Infrastructure/jump", type="overthere.SshJumpstation", password="jump-password", **jump)
    task = release(api, machines.host, "Infrastructure/jump")

    assert api.state(task) == "EXECUTED", api.steps(task)
    assert (machines.directory / "seen").read_text() == "release\n"
    assert machines.forwarded == [("127.0.0.1", machines.host)] * 2, "one bastion connection for each step"
    assert KEY_TEXT.splitlines()[1] not in str(api.steps(task))

    undeploy = {"deployedApplication": "Environments/env/app"}
    back = api.task(api.call("GET", "/deployment/prepare/undeploy", query=undeploy).json())
    api.start(back)
    assert api.finish(back) == "EXECUTED", api.steps(back)
    assert not (machines.directory / "opt" / "app" / "a.txt").exists()
    assert not (machines.directory / "seen").exists()


def test_dead_host_fails_the_step_and_its_steps_can_be_skipped(api: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    task = release(api, port, None)
    assert api.state(task) == "FAILED"
    failed = api.steps(task)[0]
    assert f"Cannot connect to 127.0.0.1:{port}" in failed["log"]
    api.call("POST", f"/tasks/v2/{task}/skip", ["0_1_1_1", "0_1_1_2"])
    api.start(task)
    assert api.finish(task) == "EXECUTED"


def test_connection_of_a_host_can_be_checked(api: Api, machines: Machines) -> None:
    task = release(api, machines.host, None)
    assert api.state(task) == "EXECUTED", api.steps(task)
    prepared = api.call("GET", "/control/prepare/checkConnection/Infrastructure/host").json()
    prepared["parameters"] = prepared.get("parameters") or {}
    check = str(api.call("POST", "/control", prepared).json()["string"])
    api.start(check)
    assert api.finish(check) == "EXECUTED"


def test_environment_and_then_its_host_can_be_deleted_with_what_is_deployed(
    api: Api, machines: Machines
) -> None:
    assert api.state(release(api, machines.host, None)) == "EXECUTED"
    api.call("DELETE", "/repository/ci/Infrastructure/host", expect=400)
    api.call("DELETE", "/repository/ci/Environments/env", expect=204)
    assert api.exists("Infrastructure/host/file"), "nothing is undeployed"
    api.call("DELETE", "/repository/ci/Infrastructure/host", expect=204)
    assert not api.exists("Infrastructure/host/file")
