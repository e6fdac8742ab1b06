"""A network of Linux namespaces with OpenSSH: Deploy's side, a bastion, instances without another way in."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from cdk_app.sandbox.network.namespaces.connector import UNKNOWN_HOST
from cdk_app.sandbox.network.namespaces.holder import Holder, NamespaceError

_HERE = Path(__file__).parent
_SECONDS = 20
_SSH_PORT = 22
_POLL_SECONDS = 0.02
_METADATA_ADDRESS = "169.254.169.254"
# Without the user's site packages and environment: the program needs the standard library only.
_PYTHON = (sys.executable, "-I", "-S")
HOST_SET_UP = (_HERE / "host.sh").read_text(encoding="utf-8")
"""The set-up of an instance: ``ec2-user``, who may become ``appuser`` or root by sudo."""


@dataclass(frozen=True, slots=True)
class Machine:
    """An instance in a private subnet.

    Parameters
    ----------
    name
        Host name, at most 12 characters.
    interface
        Address with the length of its subnet's prefix, e.g. ``10.20.128.11/18``.
    set_up
        Shell script that its root runs before sshd starts, as user data.
    ipv6_interface
        A second address, in the subnet's IPv6 range (- none).
    """

    name: str
    interface: str
    set_up: str = HOST_SET_UP
    ipv6_interface: str | None = None


class NamespaceNetwork:
    """Real hosts behind a real bastion, each with its own file system, host name, processes and network.

    The bastion has an address in the outside network and the first address of every private subnet. It
    forwards no packets, so its sshd is the only way in. Nothing of this machine is changed, and no packet
    leaves the namespaces.

    Parameters
    ----------
    directory
        For files of the machines; nothing stays mounted there afterwards.
    public_key
        Key pair of all machines, one line. Each has it in ``ec2-user``'s authorized keys, and the bastion can
        ask its instance metadata service for it.
    bastion_set_up
        User data of the bastion.
    machines
        The instances.
    """

    deploy_address = "203.0.113.10"
    bastion_address = "203.0.113.1"

    def __init__(
        self, directory: Path, *, public_key: str, bastion_set_up: str, machines: Sequence[Machine]
    ) -> None:
        self._directory = directory
        self._public_key = public_key
        self._bastion_set_up = bastion_set_up
        self._machines = machines
        self._key_file = directory / "openssh-key"
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Bring everything up and wait until every sshd listens.

        Raises
        ------
        NoMeansError
            This machine cannot; see `means`.
        NamespaceError
            A set-up failed.
        """
        self._holder = Holder()
        try:
            self._link()
            self._serve_metadata()
            set_ups = {"bastion": self._bastion_set_up} | {m.name: m.set_up for m in self._machines}
            for name, set_up in set_ups.items():
                self._boot(name, set_up)
            for name in set_ups:
                self._wait_for_port(name, _SSH_PORT, name)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all machines; the namespaces and their mounts vanish with them."""
        self._close()

    @property
    def is_root(self) -> bool:
        """Whether sudo works on the machines: not in namespaces that an ordinary user made."""
        return self._holder.is_root

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs a program on Deploy's side."""
        return self._holder.command(*arguments, within="deploy")

    def run_on(self, machine: str, script: str) -> str:
        """Run a shell script as root of a machine, without SSH: to look at the other side.

        Raises
        ------
        NamespaceError
            It failed.
        """
        files = self._directory / machine
        process = (files / "process").read_text(encoding="ascii").strip()
        entering = ("nsenter", f"--target={process}", "--net", "--mount", "--uts")
        processes = f"--pid=/proc/{process}/ns/pid_for_children"
        return self._holder.run(*entering, processes, "chroot", str(files / "root"), "sh", "-c", script)

    def log_of(self, machine: str) -> str:
        """Return what a machine's set-up and sshd have written."""
        return (self._directory / f"{machine}.log").read_text(encoding="utf-8", errors="replace")

    @contextmanager
    def cut_off(self, machine: str) -> Iterator[None]:
        """Let every packet from a machine to the bastion vanish meanwhile, as if nobody had its address."""
        here = next(found for found in self._machines if found.name == machine)
        route = ("blackhole", f"{_gateway(ipaddress.ip_interface(here.interface))}/32")
        self._holder.run("ip", "-n", machine, "route", "add", *route)
        try:
            yield
        finally:
            self._holder.run("ip", "-n", machine, "route", "del", *route)

    async def connect(self, host: str, port: int) -> socket.socket:
        """Connect from Deploy's side.

        Raises
        ------
        OSError
            As the operating system raised it there.
        """
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                descriptor = theirs.fileno()
                program = (*_PYTHON, str(_HERE / "connector.py"), str(descriptor), host, str(port))
                connector = await asyncio.create_subprocess_exec(
                    *self._holder.command(*program, within="deploy", as_child=False), pass_fds=(descriptor,)
                )
            try:
                await _readable(ours)
                answer, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
            except BaseException:
                connector.kill()
                raise
            finally:
                await connector.wait()
        if descriptors:
            connection = socket.socket(fileno=descriptors[0])
            connection.setblocking(False)
            return connection
        number = answer[0] if answer else errno.EIO
        if number == UNKNOWN_HOST:
            raise socket.gaierror(socket.EAI_NONAME, f"no address for {host}")
        raise OSError(number, os.strerror(number))

    def _link(self) -> None:
        """Connect Deploy's side with the bastion, and the bastion with a bridge for every private subnet."""
        run = self._holder.run
        for name in ("deploy", "bastion", *(machine.name for machine in self._machines)):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        pair = ("type", "veth", "peer", "name")
        run("ip", "link", "add", "eth0", "netns", "deploy", *pair, "eth0", "netns", "bastion")
        for name, address in (("deploy", self.deploy_address), ("bastion", self.bastion_address)):
            self._address(name, "eth0", f"{address}/24")
        self._address("bastion", "lo", f"{_METADATA_ADDRESS}/32")
        interfaces = {machine.name: ipaddress.ip_interface(machine.interface) for machine in self._machines}
        bridges: dict[object, str] = {}
        for name, interface in interfaces.items():
            if interface.network not in bridges:
                bridge = bridges[interface.network] = f"private{len(bridges)}"
                run("ip", "-n", "bastion", "link", "add", bridge, "type", "bridge")
                self._address("bastion", bridge, f"{_gateway(interface)}/{interface.network.prefixlen}")
            run("ip", "link", "add", "eth0", "netns", name, *pair, f"to-{name}", "netns", "bastion")
            run(
                "ip", "-n", "bastion", "link", "set", f"to-{name}", "master", bridges[interface.network], "up"
            )
            self._address(name, "eth0", str(interface))
        for machine in self._machines:
            if machine.ipv6_interface is not None:
                second = ipaddress.ip_interface(machine.ipv6_interface)
                bridge = bridges[interfaces[machine.name].network]
                gateway = f"{_gateway(second)}/{second.network.prefixlen}"
                # Nobody else is there who could have the address already.
                self._address("bastion", bridge, gateway, "nodad")
                self._address(machine.name, "eth0", str(second), "nodad")

    def _address(self, name: str, device: str, interface: str, *flags: str) -> None:
        self._holder.run("ip", "-n", name, "addr", "replace", interface, "dev", device, *flags)
        self._holder.run("ip", "-n", name, "link", "set", device, "up")

    def _boot(self, name: str, set_up: str) -> None:
        files = self._directory / name
        files.mkdir(parents=True)
        (files / "set-up").write_text(set_up, encoding="utf-8")
        (files / "authorized_key").write_text(self._key_file.read_text(encoding="ascii"), encoding="ascii")
        # The shell becomes the process whose namespaces are the machine's.
        shell = (
            'echo $$ >"$2/process" && exec unshare --mount --uts --pid --fork --kill-child sh "$0" "$1" "$2"'
        )
        script = str(_HERE / "machine.sh")
        log = str(self._directory / f"{name}.log")
        self._nodes[name] = self._holder.start(
            "sh", "-c", shell, script, name, str(files), within=name, log=log
        )

    def _serve_metadata(self) -> None:
        program = (*_PYTHON, str(_HERE / "metadata.py"), _METADATA_ADDRESS)
        self._key_file.parent.mkdir(parents=True, exist_ok=True)
        self._key_file.write_text(self._public_key.strip() + "\n", encoding="ascii")
        log = str(self._directory / "metadata.log")
        self._nodes["metadata"] = self._holder.start(*program, str(self._key_file), within="bastion", log=log)
        self._wait_for_port("bastion", 80, "metadata")

    def _wait_for_port(self, name: str, port: int, node: str) -> None:
        deadline = time.monotonic() + _SECONDS
        while not self._holder.run("ss", "-ltnH", f"sport = :{port}", within=name).strip():
            if self._nodes[node].poll() is not None or time.monotonic() > deadline:
                raise NamespaceError(f"{node} did not come up:\n{self.log_of(node)}")
            time.sleep(_POLL_SECONDS)

    def _close(self) -> None:
        self._holder.close()
        # They were inside, so they have ended.
        for node in self._nodes.values():
            node.wait(_SECONDS)


def _gateway(interface: ipaddress.IPv4Interface | ipaddress.IPv6Interface) -> str:
    return str(interface.network.network_address + 1)


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(sock, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(sock)
