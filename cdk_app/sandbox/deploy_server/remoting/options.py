"""From the properties of a host CI to the options of its connection.

Names, defaults and precedence are those of Overthere's ``ConnectionOptions`` and ``SshConnectionBuilder``;
Deploy hands the properties of a CI over under the same names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.remoting.errors import ConnectionOptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DEFAULT_PORT = 22
_PROMPT = ".*[Pp]assword.*:"
_TO_WINDOWS = frozenset(
    {"SFTP_CYGWIN", "SFTP_WINSSHD", "SFTP_OpenSSHD", "WINRM_INTERNAL", "WINRM_NATIVE", "TELNET"}
)


class ConnectionType(StrEnum):
    """How files and commands reach a Unix host (option ``connectionType``)."""

    SFTP = "SFTP"
    SCP = "SCP"
    SU = "SU"
    SUDO = "SUDO"
    INTERACTIVE_SUDO = "INTERACTIVE_SUDO"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a connection may stay silent, in seconds; a field of 0 means for ever.

    Parameters
    ----------
    connection
        Until the TCP connection to the first hop stands; a CI overrides it with ``connectionTimeoutMillis``.
    transport
        Until a hop has identified itself and authenticated. Not to be set from a CI: the SSH library under
        Overthere copies its own 30 s before Overthere sets the option ``transportTimeoutMillis``.
    socket
        Between two pieces of data, commands included; a CI overrides it with ``socketTimeoutMillis``.
    """

    connection: float = 120.0
    transport: float = 30.0
    socket: float = 0.0


@dataclass(frozen=True, slots=True)
class Elevation:
    """How commands become another user's on the host (connection types SU, SUDO, INTERACTIVE_SUDO).

    Parameters
    ----------
    username
        The user who runs the commands and owns the files.
    prefix
        Words before the command; ``{0}`` stands for the user.
    quote
        Whether the command is one quoted argument of the prefix, or simply follows it.
    prompt
        Regular expression of the password prompt, which needs a pseudo terminal; None when none is expected.
    password
        The answer to the prompt.
    """

    username: str
    prefix: str
    quote: bool
    prompt: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """All that is needed to open one connection.

    Parameters
    ----------
    address, port
        Where the host listens, as its jumpstation (or this machine when there is none) sees it.
    username
        The log-in user.
    connection_type
        None for a jumpstation, which runs no command and holds no file.
    private_key, private_key_file, password
        The first that is set is used, as in Overthere. The file is read where the step is executed.
    passphrase
        Of either form of the key.
    elevation
        For SU, SUDO and INTERACTIVE_SUDO.
    temporary_directory, delete_temporary_files
        Where uploads are staged on a host with elevation, and whether they go when the connection is closed.
    port_range_start
        First local port that Overthere tries for the forward, on a jumpstation.
    timeouts
        See `Timeouts`.
    jumpstation
        The hop before this one.
    """

    address: str
    username: str
    port: int = _DEFAULT_PORT
    connection_type: ConnectionType | None = None
    private_key: str | None = field(default=None, repr=False)
    private_key_file: str | None = None
    password: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    elevation: Elevation | None = None
    temporary_directory: str = "/tmp"  # noqa: S108 - on the remote host, Overthere's default
    delete_temporary_files: bool = True
    port_range_start: int = 1024
    timeouts: Timeouts = Timeouts()
    jumpstation: ConnectionOptions | None = None

    @classmethod
    def from_ci(
        cls,
        properties: Mapping[str, object],
        resolve: Callable[[str], Mapping[str, object]],
        timeouts: Timeouts | None = None,
    ) -> ConnectionOptions:
        """Read the options of an ``overthere.SshHost``.

        Parameters
        ----------
        properties
            The CI's properties with secrets in clear. A value of None or ``""`` counts as not set; names that
            are not connection options are ignored, as Overthere ignores them.
        resolve
            Gives the properties of the CI with an id: jumpstations and ``credentials.SshHostCredentials``.
        timeouts
            What applies where the CI sets none; Overthere's values if not given.

        Raises
        ------
        ConnectionOptionError
            A required option is missing, a value does not parse, or jumpstations form a cycle.
        """
        return _Reader(resolve, timeouts or Timeouts()).host(properties)

    def name(self, where: str) -> str:
        """Name the connection as Overthere's log does, ``ssh:sftp://user@address:port``.

        Parameters
        ----------
        where
            Address and port that the library connects to: behind a jumpstation those of the local forward.
        """
        protocol = f"ssh:{self.connection_type.lower()}" if self.connection_type else "ssh-jumpstation"
        user = f"{self.username}:{self.elevation.username}" if self.elevation else self.username
        return f"{protocol}://{user}@{where}"


@dataclass(frozen=True, slots=True)
class _Reader:
    resolve: Callable[[str], Mapping[str, object]]
    timeouts: Timeouts

    def host(self, ci: Mapping[str, object]) -> ConnectionOptions:
        return self._hop(ci, _connection_type(_required(ci, "connectionType")), seen=())

    def _hop(
        self, ci: Mapping[str, object], connection_type: ConnectionType | None, seen: tuple[str, ...]
    ) -> ConnectionOptions:
        ci = self._with_credentials(ci)
        _operating_system(_required(ci, "os"))
        return ConnectionOptions(
            address=_required(ci, "address"),
            port=_integer(ci, "port", _DEFAULT_PORT),
            username=_required(ci, "username"),
            connection_type=connection_type,
            private_key=_text(ci, "privateKey"),
            private_key_file=_text(ci, "privateKeyFile"),
            password=_text(ci, "password"),
            passphrase=_text(ci, "passphrase"),
            elevation=_elevation(ci, connection_type),
            # Deploy's name for it, then Overthere's.
            temporary_directory=_text(ci, "temporaryDirectoryPath") or _text(ci, "tmp") or "/tmp",  # noqa: S108
            delete_temporary_files=_boolean(ci, "tmpDeleteOnDisconnect", default=True),
            port_range_start=_integer(ci, "portAllocationRangeStart", 1024),
            timeouts=Timeouts(
                connection=_seconds(ci, "connectionTimeoutMillis", self.timeouts.connection),
                transport=self.timeouts.transport,
                socket=_seconds(ci, "socketTimeoutMillis", self.timeouts.socket),
            ),
            jumpstation=self._jumpstation(ci, seen),
        )

    def _jumpstation(self, ci: Mapping[str, object], seen: tuple[str, ...]) -> ConnectionOptions | None:
        reference = _text(ci, "jumpstation")
        if reference is None:
            return None
        if reference in seen:
            raise ConnectionOptionError(f"Jumpstations form a cycle: {' -> '.join((*seen, reference))}")
        return self._hop(self.resolve(reference), None, (*seen, reference))

    def _with_credentials(self, ci: Mapping[str, object]) -> Mapping[str, object]:
        reference = _text(ci, "credentials")
        if reference is None:
            return ci
        names = ("username", "password", "privateKey", "privateKeyFile", "passphrase")
        login = self.resolve(reference)
        return {**ci, **{name: login[name] for name in names if login.get(name) not in (None, "")}}


def _elevation(ci: Mapping[str, object], connection_type: ConnectionType | None) -> Elevation | None:
    match connection_type:
        case ConnectionType.SUDO | ConnectionType.INTERACTIVE_SUDO:
            interactive = connection_type is ConnectionType.INTERACTIVE_SUDO
            return Elevation(
                username=_required(ci, "sudoUsername"),
                prefix=_text(ci, "sudoCommandPrefix") or "sudo -u {0}",
                quote=_boolean(ci, "sudoQuoteCommand", default=False),
                prompt=_prompt(ci, "sudoPasswordPromptRegex") if interactive else None,
                password=_text(ci, "password") if interactive else None,
            )
        case ConnectionType.SU:
            return Elevation(
                username=_required(ci, "suUsername"),
                prefix=_text(ci, "suCommandPrefix") or "su - {0} -c",
                quote=_boolean(ci, "suQuoteCommand", default=True),
                prompt=_prompt(ci, "suPasswordPromptRegex"),
                password=_required(ci, "suPassword"),
            )
        case _:
            return None


def _prompt(ci: Mapping[str, object], name: str) -> str:
    pattern = _text(ci, name) or _PROMPT
    if pattern.endswith(("*", "?")):
        raise ConnectionOptionError(f"{name} should not end in a wildcard")
    return pattern


def _connection_type(value: str) -> ConnectionType:
    if value in _TO_WINDOWS:
        raise ConnectionOptionError(
            f"connectionType {value} reaches Windows hosts, and steps run on Unix hosts only here"
        )
    try:
        return ConnectionType(value)
    except ValueError:
        enum = "com.xebialabs.overthere.ssh.SshConnectionType"
        raise ConnectionOptionError(f"No enum constant {enum}.{value}") from None


def _operating_system(value: str) -> None:
    # Deploy's own REST API takes lower case too, so only a foreign word is refused here.
    if value.upper() not in ("UNIX", "WINDOWS", "ZOS"):
        raise ConnectionOptionError(f"No enum constant com.xebialabs.overthere.OperatingSystemFamily.{value}")


def _text(ci: Mapping[str, object], name: str) -> str | None:
    value = ci.get(name)
    return None if value is None or value == "" else str(value)


def _required(ci: Mapping[str, object], name: str) -> str:
    value = _text(ci, name)
    if value is None:
        raise ConnectionOptionError(f"No value specified for required connection option {name}")
    return value


def _integer(ci: Mapping[str, object], name: str, default: int) -> int:
    value = _text(ci, name)
    if value is None:
        return default
    try:
        return int(value)
    except ValueError:
        raise ConnectionOptionError(
            f"Value specified for connection option {name} is neither an Integer nor a String"
        ) from None


def _seconds(ci: Mapping[str, object], name: str, default: float) -> float:
    return default if _text(ci, name) is None else _integer(ci, name, 0) / 1000


def _boolean(ci: Mapping[str, object], name: str, *, default: bool) -> bool:
    value = _text(ci, name)
    return default if value is None else value.lower() == "true"
