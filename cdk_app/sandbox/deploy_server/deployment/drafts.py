"""Brings a Deployment object from a client into the form that the planner trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.deployment.model import Deployed, Deployment, DeploymentKind
from cdk_app.sandbox.deploy_server.errors import RefusedError
from cdk_app.sandbox.deploy_server.repository.model import Draft, ValidationMessage, name_of, parent_of
from cdk_app.sandbox.deploy_server.repository.validation import reference_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_app.sandbox.deploy_server.deployment.model import DeploymentDraft
    from cdk_app.sandbox.deploy_server.repository.model import Raw, Value
    from cdk_app.sandbox.deploy_server.repository.store import Repository

_NOT_OPTIONS = frozenset({"version", "environment", "deployeds", "unresolvedPlaceholders"})


def accept(draft: DeploymentDraft, repository: Repository) -> Deployment:
    """Check a Deployment object against the repository.

    The server knows deployables and containers itself, so what a client says about them is not used; a
    Deployment with nothing but type and application is enough (seen in a public client).

    Raises
    ------
    RefusedError
        The object lacks its version or environment, or its type is none.
    EntityNotFoundError
        Version or environment do not exist.
    """
    if draft.kind not in DeploymentKind.__members__:
        raise RefusedError(f"Unknown deployment type [{draft.kind}]")
    kind = DeploymentKind(draft.kind)
    properties = draft.application.properties
    version = _reference(properties, "version")
    environment = _reference(properties, "environment")
    application_id = draft.application.id
    if not environment and application_id:
        environment = parent_of(application_id) or ""
    if not version or not environment:
        raise RefusedError("The deployment names no version or no environment")
    package, target = repository.get(version), repository.get(environment)
    expected = f"{target.id}/{name_of(package.parent or '')}"
    options, option_messages = repository.validator.check(
        Draft(expected, "udm.DeployedApplication", _known(properties)), complete=True
    )
    deployeds: list[Deployed] = []
    messages: dict[str, tuple[ValidationMessage, ...]] = {}
    for item in draft.deployeds:
        deployed, found = _deployed(item, repository)
        deployeds.append(deployed)
        if found:
            messages[deployed.id] = (*messages.get(deployed.id, ()), *found)
    relevant = tuple(m for m in option_messages if m.property not in _NOT_OPTIONS)
    if relevant:
        messages[expected] = relevant
    return Deployment(
        id=draft.id or "",
        kind=kind,
        application=expected,
        version=package.id,
        environment=target.id,
        options={name: value for name, value in options.items() if name not in _NOT_OPTIONS},
        deployeds=tuple(deployeds),
        required=tuple(accept(required, repository) for required in draft.required),
        messages=messages,
    )


def _known(properties: Mapping[str, Raw]) -> dict[str, Raw]:
    return {name: value for name, value in properties.items() if name not in _NOT_OPTIONS}


def _reference(properties: Mapping[str, Raw], name: str) -> str:
    raw = properties.get(name)
    if raw is None:
        return ""
    try:
        return reference_id(name, raw)
    except ValueError as error:
        raise RefusedError(str(error)) from error


def _deployed(draft: Draft, repository: Repository) -> tuple[Deployed, list[ValidationMessage]]:
    deployable = _reference(draft.properties, "deployable") or None
    container = _reference(draft.properties, "container") or (parent_of(draft.id) or "")
    ci_id = draft.id or f"{container}/{name_of(deployable or '')}"
    values, messages = repository.validator.check(Draft(ci_id, draft.type, draft.properties))
    values.pop("deployable", None)
    return Deployed(ci_id, draft.type, deployable, container, values), messages


def stored(ci_id: str, repository: Repository) -> Deployed:
    """Return a deployed as it is in the repository."""
    item = repository.get(ci_id)
    values: dict[str, Value] = dict(item.properties)
    deployable = values.pop("deployable", None)
    return Deployed(
        item.id, item.type, deployable if isinstance(deployable, str) else None, item.parent or "", values
    )
