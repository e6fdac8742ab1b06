"""What is remembered of a group between two looks.

Everything here saves work or refines a decision; with none of it the outcome is the same, except for what a
server that drops an application with its last host makes us remember (`Memory.remembered`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, MutableMapping

    from _typeshed import DataclassInstance

    from runtime.reconciliation.model import Application

BREAKER_THRESHOLD = 3
"""Failed tasks of one version in a row after which instances are kept instead of replaced."""

_T = TypeVar("_T", bound="DataclassInstance")

_FIRST_BACKOFF, _LONGEST_BACKOFF = 60.0, 900.0


@dataclass(frozen=True, slots=True)
class Verified:
    """Hosts on which a version was found complete.

    Attributes
    ----------
    version : str
        Id of the version.
    token : str
        ``$token`` of the DeployedApplication then: another one says that somebody has deployed meanwhile.
    counts : dict
        Instance id to number of deployeds.
    """

    version: str
    token: str = ""
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """A deployment that failed on an instance.

    Attributes
    ----------
    version : str
        The version that failed.
    count : int
        Failures in a row; 0 while the machine may still be starting.
    retry_at : float
        Not before, seconds since the epoch.
    reason : str
        Excerpt of the step's log.
    """

    version: str
    count: int
    retry_at: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Breaker:
    """Failed tasks in a row of one version of an application."""

    version: str
    failures: int = 0

    @property
    def open(self) -> bool:
        """Whether instances are kept for a look instead of replaced."""
        return self.failures >= BREAKER_THRESHOLD


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task that we made: what it does, so that any later run can conclude it.

    Attributes
    ----------
    application, version : str
        Ids of the DeployedApplication and of the version.
    token : str
        The DeployedApplication's ``$token`` before.
    expected : dict
        Instance id to number of deployeds that the host has afterwards.
    arriving, leaving : tuple of str
        Instance ids whose hosts get deployeds, and those whose hosts lose theirs.
    empties : bool
        Whether no deployed is left afterwards.
    """

    application: str
    version: str
    token: str = ""
    expected: dict[str, int] = field(default_factory=dict)
    arriving: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    empties: bool = False


@dataclass(slots=True)
class Wait:
    """An instance that a lifecycle hook holds.

    Attributes
    ----------
    lifecycle : str
        The state in which it waits.
    since, beaten : float
        When it was first seen so, and the last heartbeat, seconds since the epoch.
    expired : bool
        Whether it is known that AWS has ended the wait, although the state is still shown.
    """

    lifecycle: str
    since: float
    beaten: float
    expired: bool = False


@dataclass(slots=True)
class Memory:
    """What is remembered of one group; the methods say what may change it.

    Attributes
    ----------
    observed : float
        When the last look began after which nothing was left to do; older hints are superseded.
    verified : dict
        DeployedApplication id to the hosts that have it.
    failures : dict
        DeployedApplication id to instance id to failure.
    breakers : dict
        DeployedApplication id to breaker.
    undeploys : dict
        Instance id to failed attempts to undeploy from it, since it has been deployed to.
    remembered : dict
        DeployedApplication id to version, for those that the server dropped with the last host.
    tasks : dict
        Task id to open task of ours.
    waits : dict
        Instance id to its wait, as long as it is seen waiting.
    completed : dict
        Instance id to the lifecycle state in which its wait was ended.
    """

    observed: float = 0.0
    verified: dict[str, Verified] = field(default_factory=dict)
    failures: dict[str, dict[str, Failure]] = field(default_factory=dict)
    breakers: dict[str, Breaker] = field(default_factory=dict)
    undeploys: dict[str, int] = field(default_factory=dict)
    remembered: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, OpenTask] = field(default_factory=dict)
    waits: dict[str, Wait] = field(default_factory=dict)
    completed: dict[str, str] = field(default_factory=dict)

    def verify(self, application: Application, counts: Mapping[str, int], before: str | None = None) -> None:
        """Note that hosts have all deployeds of the deployed version.

        Parameters
        ----------
        application : Application
            As observed when that was found.
        counts : dict
            Instance id to number of deployeds.
        before : str, optional
            The ``$token`` before a task of ours: what was verified then still holds.
        """
        known = self.verified.get(application.id)
        still = known is not None and known.version == application.version
        kept = (
            known.counts if known is not None and still and known.token in {application.token, before} else {}
        )
        self.verified[application.id] = Verified(application.version, application.token, {**kept, **counts})
        for instance_id in counts:
            self.failures.get(application.id, {}).pop(instance_id, None)
            self.undeploys.pop(instance_id, None)

    def is_verified(self, application: Application, instance_id: str, count: int) -> bool:
        """Tell whether a host is known to have the deployed version, and still has as many deployeds."""
        known = self.verified.get(application.id)
        if known is None or (known.version, known.token) != (application.version, application.token):
            return False
        return count >= known.counts.get(instance_id, count + 1)

    def fail(
        self, application: str, version: str, reasons: Mapping[str, str], now: float, *, counted: bool
    ) -> None:
        """Note that a version failed on instances; `counted` is False while the machines may be starting."""
        failures = self.failures.setdefault(application, {})
        for instance_id, reason in reasons.items():
            before = failures.get(instance_id)
            count = (before.count if before is not None and before.version == version else 0) + counted
            pause = min(_FIRST_BACKOFF * 2 ** (count - 1), _LONGEST_BACKOFF) if counted else 10.0
            failures[instance_id] = Failure(version, count, now + pause, reason)
        if counted:
            breaker = self.breaker(application, version)
            self.breakers[application] = Breaker(version, breaker.failures + 1)

    def succeed(self, application: str, instance_ids: Iterable[str]) -> None:
        """Note that a task succeeded on instances: the breaker closes, and what failed on them is over.

        If the breaker was open, every instance that it has kept is worth another try.
        """
        breaker = self.breakers.pop(application, None)
        if breaker is not None and breaker.open:
            self.failures.pop(application, None)
        failures = self.failures.get(application, {})
        for instance_id in instance_ids:
            failures.pop(instance_id, None)

    def breaker(self, application: str, version: str) -> Breaker:
        """Return the breaker of a version; a new version starts with a closed one."""
        known = self.breakers.get(application)
        return known if known is not None and known.version == version else Breaker(version)

    def failure(self, application: Application, instance_id: str) -> Failure | None:
        """Return how the deployed version failed on an instance, if it did."""
        known = self.failures.get(application.id, {}).get(instance_id)
        return known if known is not None and known.version == application.version else None

    def reset(self) -> None:
        """Forget failures and breakers: an operator wants another try."""
        self.failures.clear()
        self.breakers.clear()
        self.undeploys.clear()

    def forget(self, instance_ids: Iterable[str]) -> None:
        """Forget instances that are registered anew or gone."""
        for instance_id in instance_ids:
            for verified in self.verified.values():
                verified.counts.pop(instance_id, None)
            for failures in self.failures.values():
                failures.pop(instance_id, None)
            self.undeploys.pop(instance_id, None)

    def prune(self, lifecycles: Mapping[str, str], registered: Collection[str | None]) -> None:
        """Forget what is about instances that are neither in the group nor registered any more.

        `lifecycles` are the states of the group's instances; a wait that was ended is remembered only as long
        as AWS shows the state in which it was.
        """
        known = {*lifecycles, *registered}
        kept: list[MutableMapping[str, Any]] = [verified.counts for verified in self.verified.values()]
        kept += [*self.failures.values(), self.undeploys]
        for by_instance in kept:
            for instance_id in [i for i in by_instance if i not in known]:
                del by_instance[instance_id]
        self.completed = {i: state for i, state in self.completed.items() if lifecycles.get(i) == state}

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Memory:
        """Return what `to_json` gave; unknown keys are ignored, so that versions can change."""
        return cls(
            observed=float(values.get("observed", 0.0)),
            verified={key: _known(Verified, item) for key, item in values.get("verified", {}).items()},
            failures={
                key: {instance: _known(Failure, item) for instance, item in items.items()}
                for key, items in values.get("failures", {}).items()
            },
            breakers={key: _known(Breaker, item) for key, item in values.get("breakers", {}).items()},
            undeploys=dict(values.get("undeploys", {})),
            remembered=dict(values.get("remembered", {})),
            tasks={
                key: _known(
                    OpenTask,
                    {**item, "arriving": tuple(item["arriving"]), "leaving": tuple(item["leaving"])},
                )
                for key, item in values.get("tasks", {}).items()
            },
            waits={key: _known(Wait, item) for key, item in values.get("waits", {}).items()},
            completed=dict(values.get("completed", {})),
        )


def _known(kind: type[_T], values: Mapping[str, Any]) -> _T:
    """Return a value of a dataclass, without what only another version of it knows."""
    names = {item.name for item in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in names})
