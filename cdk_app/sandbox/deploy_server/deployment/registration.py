"""Writes the outcome of a deployment into the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.deployment.deltas import Operation
from cdk_app.sandbox.deploy_server.repository.model import Value, parent_of
from cdk_app.sandbox.deploy_server.repository.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.deploy_server.deployment.deltas import Delta, Specification
    from cdk_app.sandbox.deploy_server.deployment.model import Deployed
    from cdk_app.sandbox.deploy_server.repository.store import Repository

_CONTAINER = "udm.Container"


def register(
    repository: Repository,
    specification: Specification,
    user: str,
    is_done: Callable[[Delta], bool] = lambda _: True,
) -> None:
    """Store what a deployment has done.

    Deployeds that are containers themselves join the environment's members and leave them again
    (attested by integration tests).

    Parameters
    ----------
    is_done
        Which deltas were carried out; the others leave the repository as it was. A deployment that was not
        carried out completely keeps the version it came from, if it came from one.

    Raises
    ------
    DeployError
        The repository has changed meanwhile so that the outcome cannot be stored.
    """
    transaction = Transaction(repository, user)
    current = repository.find(specification.application)
    deployeds = dict.fromkeys(_ids(current.properties.get("deployeds")) if current else ())
    complete = True
    removed: list[str] = []
    for delta in specification.deltas:
        if not is_done(delta):
            complete = False
        elif delta.operation is Operation.DESTROY:
            deployeds.pop(delta.subject.id, None)
            removed.append(delta.subject.id)
        elif delta.deployed is not None:
            deployeds[delta.deployed.id] = None
            if delta.operation is not Operation.NOOP or delta.previous != delta.deployed:
                _store(transaction, delta.deployed)
    for ci_id in removed:
        if ci_id in repository:
            transaction.delete(ci_id)
    state = specification.after if complete else specification.before or specification.after
    if complete and specification.after is None:
        if current is not None:
            transaction.delete(specification.application)
    elif state is not None and (complete or deployeds or current is not None):
        values: dict[str, Value] = {**state.options, "version": state.version, "deployeds": tuple(deployeds)}
        transaction.store(specification.application, "udm.DeployedApplication", values)
    _adjust_members(repository, transaction, specification, removed, is_done)
    transaction.commit()


def _store(transaction: Transaction, deployed: Deployed) -> None:
    values = dict(deployed.values)
    if deployed.deployable:
        values["deployable"] = deployed.deployable
    transaction.store(deployed.id, deployed.type, values)


def _adjust_members(
    repository: Repository,
    transaction: Transaction,
    specification: Specification,
    removed: list[str],
    is_done: Callable[[Delta], bool],
) -> None:
    environment = repository.get(specification.environment)
    members = _ids(environment.properties.get("members"))
    added = [
        delta.deployed.id
        for delta in specification.deltas
        if delta.deployed is not None
        and is_done(delta)
        and repository.types.is_a(delta.deployed.type, _CONTAINER)
        and parent_of(delta.deployed.id) is not None
    ]
    wanted = tuple(dict.fromkeys(member for member in (*members, *added) if member not in set(removed)))
    if wanted != members:
        transaction.store(environment.id, environment.type, {**environment.properties, "members": wanted})


def _ids(value: Value | None) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
