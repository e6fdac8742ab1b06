"""The files of a Windows machine: a real Samba with the administrative share C$, on this machine alone."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.windows_host.ports import unused_port

# Debian keeps servers where an ordinary user does not look for programs.
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
_SECONDS = 20

# Everything that Samba keeps is below one directory, so that it needs no root and meets no other Samba.
# The name is like those of EC2, whatever this machine's is: Overthere's ASN.1 library, asn-one 0.4.0, cannot
# read lengths of exactly 127 bytes, which occur in the login to a machine with a very short name.
_CONFIGURATION = """\
[global]
server role = standalone server
netbios name = EC2AMAZ-0A1B2C3
interfaces = 127.0.0.1
bind interfaces only = yes
smb ports = {port}
server min protocol = SMB2
private dir = {kept}
lock directory = {kept}
state directory = {kept}
cache directory = {kept}
pid directory = {kept}
ncalrpc dir = {kept}/ncalrpc
log file = {kept}/log
passdb backend = smbpasswd:{kept}/passwords
username map = {kept}/users
load printers = no
printcap name = /dev/null
disable spoolss = yes

[C$]
path = {drive}
read only = no
"""


@contextmanager
def samba(drive: Path, *, username: str, password: str) -> Iterator[int]:
    """Serve a directory as the drive C: to one user; skip where there is no Samba.

    Parameters
    ----------
    drive
        What the share shows. Its files belong to who runs the tests.
    username, password
        Who is let in, by the name that Windows has for the user.

    Yields
    ------
    int
        Port of SMB at 127.0.0.1.
    """
    smbd, pdbedit = (_program(name) for name in ("smbd", "pdbedit"))
    # A short path: there are sockets below it.
    with tempfile.TemporaryDirectory(prefix="samba-") as directory:
        kept = Path(directory)
        port = unused_port()
        configuration = kept / "smb.conf"
        configuration.write_text(_CONFIGURATION.format(port=port, kept=kept, drive=drive))
        user = pwd.getpwuid(os.getuid()).pw_name
        (kept / "users").write_text(f"{user} = {username}\n")
        subprocess.run(  # noqa: S603 - own arguments
            [pdbedit, f"--configfile={configuration}", "--create", "--password-from-stdin", f"--user={user}"],
            input=f"{password}\n{password}\n",
            capture_output=True,
            text=True,
            check=True,
            timeout=_SECONDS,
        )
        with _running([smbd, "--foreground", f"--configfile={configuration}"], kept / "ready"):
            yield port


@contextmanager
def _running(command: list[str], ready: Path) -> Iterator[None]:
    """Run a server that says by systemd's protocol when it is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(ready))
        told.settimeout(_SECONDS)
        # It ends when its standard input does, so it cannot outlive this process, however that ends.
        with subprocess.Popen(  # noqa: S603 - own arguments
            command, stdin=subprocess.PIPE, env={**os.environ, "NOTIFY_SOCKET": str(ready)}
        ):
            while b"READY=1" not in (state := told.recv(4096)):
                assert b"ERRNO=" not in state, state.decode()
            yield


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: samba)")
    return found
