"""A deployment as clients see it before it becomes a task."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.repository.model import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_app.sandbox.deploy_server.repository.model import Draft, ValidationMessage, Value


class DeploymentKind(StrEnum):
    """Values of ``type`` in a Deployment object."""

    INITIAL = "INITIAL"
    UPDATE = "UPDATE"
    UNDEPLOYMENT = "UNDEPLOYMENT"


@dataclass(frozen=True, slots=True)
class Deployed:
    """One deployable on one container, with the values it has there."""

    id: str
    type: str
    deployable: str | None
    container: str
    values: Mapping[str, Value] = field(repr=False)

    @property
    def name(self) -> str:
        """Last element of the id, which is the deployable's name."""
        return name_of(self.id)


@dataclass(frozen=True, slots=True)
class Deployment:
    """An application version on its way to an environment, or away from it.

    Attributes
    ----------
    application
        Id of the ``udm.DeployedApplication``: environment id and application name.
    options
        Properties of the DeployedApplication other than version, environment and deployeds.
    deployables, containers
        What can be mapped where: ids and types.
    required
        Deployments that the version's dependencies ask for.
    messages
        Findings of the validation by id of the deployed.
    """

    id: str
    kind: DeploymentKind
    application: str
    version: str
    environment: str
    options: Mapping[str, Value] = field(default_factory=dict)
    deployeds: tuple[Deployed, ...] = ()
    deployables: tuple[tuple[str, str], ...] = ()
    containers: tuple[tuple[str, str], ...] = ()
    unresolved: Mapping[str, str] = field(default_factory=dict)
    required: tuple[Deployment, ...] = ()
    messages: Mapping[str, tuple[ValidationMessage, ...]] = field(default_factory=dict)

    def with_deployeds(self, deployeds: tuple[Deployed, ...]) -> Deployment:
        """Return the same deployment with other deployeds."""
        return replace(self, deployeds=deployeds)


@dataclass(frozen=True, slots=True)
class DeploymentDraft:
    """A Deployment object as a client sends it back: parts may be missing, and all may be wrong."""

    id: str | None
    kind: str
    application: Draft
    deployeds: tuple[Draft, ...]
    required: tuple[DeploymentDraft, ...] = ()
