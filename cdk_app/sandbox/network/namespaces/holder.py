"""The process that keeps a network's namespaces alive, and takes everything in them along when it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

_PROGRAMS = ("ip", "nsenter", "sshd", "ssh-keygen", "ss", "sudo", "unshare", "useradd")
# Debian's names.
_PACKAGES = "openssh-server sudo iproute2 util-linux passwd, and uidmap for an ordinary user"
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
# Own mounts, so that named network namespaces and file systems vanish with the process; own process ids, so
# that whatever was started inside ends with it.
_NAMESPACES = ("--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
_ROOT = ()
# sshd changes to other users, so more than one id has to be mapped.
_ORDINARY_USER = ("--user", "--map-root-user", "--map-auto")
_SET_UP = "mount -t tmpfs none /run && mkdir /run/netns"
_PROBE = f"{_SET_UP} && ip netns add probe && ip link add probe0 type veth && ip link add probe1 type bridge"
_SECONDS = 20


class NamespaceError(RuntimeError):
    """Something in a network of namespaces did not come up or failed; the text says what the program said."""


class NoMeansError(NamespaceError):
    """A network of namespaces cannot run on this machine; the text says what is missing."""


@cache
def means() -> tuple[str, ...]:
    """Find out how this process can make namespaces.

    Returns
    -------
    tuple of str
        Options of ``unshare``: none for root, mapped ids for an ordinary user.

    Raises
    ------
    NoMeansError
        A program or a privilege is missing.
    """
    missing = [program for program in _PROGRAMS if shutil.which(program, path=_PATH) is None]
    if missing:
        raise NoMeansError(f"not installed: {', '.join(missing)} (Debian: {_PACKAGES})")
    refusals = []
    for options in (_ROOT, _ORDINARY_USER) if os.geteuid() == 0 else (_ORDINARY_USER,):
        probe = _program("unshare", *options, *_NAMESPACES, "sh", "-c", _PROBE)
        if probe.returncode == 0:
            return options
        refusals.append(f"{' '.join(options) or 'as root'}: {probe.stderr.strip() or probe.returncode}")
    raise NoMeansError(f"no namespaces ({'; '.join(refusals)})")


class Holder:
    """A set of namespaces: network, mounts, host name, processes, and users where this is not root.

    Raises
    ------
    NoMeansError
        See `means`.
    """

    def __init__(self) -> None:
        self._options = means()
        shell = ("sh", "-c", f"{_SET_UP} && echo up && exec cat")
        keeper = ["unshare", *self._options, *_NAMESPACES, *shell]
        # It ends when its standard input does, so it cannot outlive this process, however that ends.
        self._process = subprocess.Popen(  # noqa: S603 - own arguments
            keeper,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PATH": _PATH},
        )
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        if self._process.stdout.readline() != b"up\n":
            self.close()
            raise NamespaceError("the namespaces did not come up")

    @property
    def is_root(self) -> bool:
        """Whether the machine's own root made the namespaces, so that set-user-id programs work in them."""
        return self._options == _ROOT

    def command(self, *arguments: str, within: str | None = None, as_child: bool = True) -> list[str]:
        """Return the command line that runs a program inside.

        Parameters
        ----------
        arguments
            The program.
        within
            A named network namespace; the first one if not given.
        as_child
            Whether the program is one of the processes inside, as which it ends with them, and a child of the
            one that the caller starts; else it takes that one's place and knows no ``/proc``.
        """
        process = self._process.pid
        entering = ["nsenter", f"--target={process}", "--net", "--mount", "--uts"]
        if as_child:
            entering.append(f"--pid=/proc/{process}/ns/pid_for_children")
        if not self.is_root:
            entering.append("--user")
        return [*entering, *(("ip", "netns", "exec", within) if within else ()), *arguments]

    def run(self, *arguments: str, within: str | None = None) -> str:
        """Run a program inside and return its output.

        Raises
        ------
        NamespaceError
            It failed.
        """
        result = _program(*self.command(*arguments, within=within))
        if result.returncode != 0:
            raise NamespaceError(f"{' '.join(arguments)}: {result.stderr.strip() or result.returncode}")
        return result.stdout

    def start(self, *arguments: str, within: str, log: str) -> subprocess.Popen[bytes]:
        """Start a program inside that ends with the namespaces; its output goes to a file."""
        with open(log, "wb") as output:  # noqa: PTH123 - a descriptor for the child
            return subprocess.Popen(  # noqa: S603 - own arguments
                self.command(*arguments, within=within),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PATH": _PATH},
            )

    def close(self) -> None:
        """End everything inside."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        self._process.stdin.close()
        try:
            self._process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def _program(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - own arguments
        arguments,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
        env={**os.environ, "PATH": _PATH},
    )
