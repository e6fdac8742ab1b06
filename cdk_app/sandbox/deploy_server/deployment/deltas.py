"""What a deployment changes: the deployeds before against the deployeds after."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cdk_app.sandbox.deploy_server.deployment.model import Deployed, DeploymentKind
    from cdk_app.sandbox.deploy_server.repository.model import Value


class Operation(StrEnum):
    """What happens to one deployed."""

    CREATE = "CREATE"
    MODIFY = "MODIFY"
    DESTROY = "DESTROY"
    NOOP = "NOOP"


@dataclass(frozen=True, slots=True)
class Delta:
    """One deployed before and after; at least one of the two is there."""

    operation: Operation
    previous: Deployed | None
    deployed: Deployed | None

    @property
    def subject(self) -> Deployed:
        """The deployed after, or before if it goes."""
        found = self.deployed or self.previous
        if found is None:
            raise ValueError("a delta needs a deployed")
        return found

    def reversed(self) -> Delta:
        """Return what undoes the delta."""
        opposite = {Operation.CREATE: Operation.DESTROY, Operation.DESTROY: Operation.CREATE}
        return Delta(opposite.get(self.operation, self.operation), self.deployed, self.previous)


@dataclass(frozen=True, slots=True)
class ApplicationState:
    """A DeployedApplication before or after a deployment."""

    version: str
    options: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Specification:
    """A deployment that is decided.

    Attributes
    ----------
    application
        Id of the DeployedApplication.
    before, after
        Its state, ``None`` where it does not exist.
    """

    kind: DeploymentKind
    application: str
    environment: str
    before: ApplicationState | None
    after: ApplicationState | None
    deltas: tuple[Delta, ...]


def compute_deltas(
    previous: Iterable[Deployed], wanted: Iterable[Deployed], *, force: bool = False
) -> tuple[Delta, ...]:
    """Compare deployeds by id.

    A deployed whose values are the same gives ``NOOP``, also when it comes from another version of the
    package; with ``force`` it is done again.
    """
    before = {deployed.id: deployed for deployed in previous}
    after = {deployed.id: deployed for deployed in wanted}
    deltas = [
        Delta(Operation.DESTROY, deployed, None) for deployed in before.values() if deployed.id not in after
    ]
    for deployed in after.values():
        old = before.get(deployed.id)
        if old is None:
            deltas.append(Delta(Operation.CREATE, None, deployed))
        elif force or old.type != deployed.type or dict(old.values) != dict(deployed.values):
            deltas.append(Delta(Operation.MODIFY, old, deployed))
        else:
            deltas.append(Delta(Operation.NOOP, old, deployed))
    return tuple(deltas)
