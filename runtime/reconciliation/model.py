"""What a reconciliation sees: the group in AWS and its mirror in Deploy, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.deploy.items import CI


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as its group lists it, with its lifecycle state."""

    id: str
    lifecycle: str

    @property
    def waiting(self) -> bool:
        """Whether a lifecycle hook holds the instance."""
        return self.lifecycle.endswith(":Wait")


@dataclass(frozen=True, slots=True)
class Group:
    """An Auto Scaling group: its desired capacity and its instances, those of the warm pool included."""

    name: str
    desired: int
    instances: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True)
class Machine:
    """What EC2 says about an instance.

    Attributes
    ----------
    address : str
        Private IPv4 address; empty when it has none (yet).
    state : str
        ``pending``, ``running``, ``shutting-down``, ``terminated``, ``stopping`` or ``stopped``.
    launched : float
        When it was last started, seconds since the epoch.
    name : str
        Private DNS name; empty when it has none.
    ipv6 : str
        IPv6 address; empty when it has none.
    spot : bool
        Whether it is a Spot Instance.
    interruption : float or None
        When EC2 takes it back, seconds since the epoch; None as long as EC2 does not say so.
    """

    address: str
    state: str
    launched: float = 0.0
    name: str = ""
    ipv6: str = ""
    spot: bool = False
    interruption: float | None = None

    def reached_at(self, kind: str) -> str:
        """Return the address of a kind (see `GroupConfig.address`); empty when it has none (yet)."""
        return {"private-ipv4": self.address, "private-dns": self.name, "ipv6": self.ipv6}[kind]

    @property
    def running(self) -> bool:
        """Whether the machine can be reached at all."""
        return self.state == "running"

    @property
    def dead(self) -> bool:
        """Whether EC2 says that the machine is gone for good."""
        return self.state in {"shutting-down", "terminated"}


class Disposition(Enum):
    """What an instance's lifecycle state asks of us."""

    SERVE = "serve"
    """A host, a member of the environment, every application on it."""
    PARK = "park"
    """A host, but no member: nobody's release must run into a stopped or half-made machine."""
    LEAVE = "leave"
    """Neither host nor member; undeployed first if the machine lives."""
    KEEP = "keep"
    """Too early, or a state that we do not know: nothing is done about it, nothing undone."""


_DISPOSITIONS = {
    Disposition.SERVE: ("Pending:Wait", "Pending:Proceed", "InService", "EnteringStandby", "Standby"),
    Disposition.PARK: (
        "Warmed:Pending",
        "Warmed:Pending:Wait",
        "Warmed:Pending:Proceed",
        "Warmed:Stopped",
        "Warmed:Hibernated",
        "Warmed:Running",
        # The software goes with the old volume; the instance comes back through Pending.
        "ReplacingRootVolume",
        "ReplacingRootVolume:Wait",
        "ReplacingRootVolume:Proceed",
        "RootVolumeReplaced",
    ),
    Disposition.LEAVE: (
        "Terminating",
        "Terminating:Wait",
        "Terminating:Proceed",
        "Terminating:Retained",
        "Terminated",
        "Detaching",
        "Detached",
        "Warmed:Pending:Retained",
        "Warmed:Terminating",
        "Warmed:Terminating:Wait",
        "Warmed:Terminating:Proceed",
        "Warmed:Terminating:Retained",
        "Warmed:Terminated",
    ),
}
_BY_STATE = {state: disposition for disposition, states in _DISPOSITIONS.items() for state in states}

STANDBY = frozenset({"EnteringStandby", "Standby"})


def disposition(lifecycle: str) -> Disposition:
    """Return what a lifecycle state asks of us (states of ``DescribeAutoScalingGroups``, botocore 1.43)."""
    return _BY_STATE.get(lifecycle, Disposition.KEEP)


@dataclass(frozen=True, slots=True)
class Application:
    """A DeployedApplication.

    Attributes
    ----------
    id, version : str
        Its id, and the id of the deployed version.
    deployeds : frozenset of str
        Ids of its deployeds.
    token : str
        Its ``$token``, which changes with every deployment; empty if the server does not tell.
    """

    id: str
    version: str
    deployeds: frozenset[str] = frozenset()
    token: str = ""

    @property
    def name(self) -> str:
        """The application's name: the last part of the id."""
        return self.id.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Observed:
    """One look at both sides.

    Attributes
    ----------
    at : float
        When the look began, seconds since the epoch.
    group : Group or None
        None when AWS says that there is no such group.
    members : frozenset of str or None
        Ids of the environment's members, people's too; None when there is no such environment.
    hosts : frozenset of str
        Ids of the hosts that are the group's by name.
    applications : tuple of Application
        What is deployed to the environment.
    machines : dict
        Instance id to machine, for those instances about which it matters.
    environment : dict or None
        The environment as Deploy's JSON had it.
    taken : dict
        Address to id of a host in the group's directory that is not named as the group's: people rename.
    refused : frozenset of str
        Instances whose host Deploy has not accepted just before.
    """

    at: float
    group: Group | None
    members: frozenset[str] | None
    hosts: frozenset[str]
    applications: tuple[Application, ...] = ()
    machines: dict[str, Machine] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    environment: CI | None = None
    refused: frozenset[str] = frozenset()
