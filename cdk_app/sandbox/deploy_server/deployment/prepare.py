"""Prepares deployments: what can be mapped, what is mapped, with which values. Writes nothing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.deployment.dependencies import Dependencies
from cdk_app.sandbox.deploy_server.deployment.drafts import stored
from cdk_app.sandbox.deploy_server.deployment.mapping import Mapper
from cdk_app.sandbox.deploy_server.deployment.model import Deployed, Deployment, DeploymentKind
from cdk_app.sandbox.deploy_server.errors import RefusedError
from cdk_app.sandbox.deploy_server.repository.model import name_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem, Value
    from cdk_app.sandbox.deploy_server.repository.store import Repository
    from cdk_app.sandbox.deploy_server.settings import Behaviour

_VERSION_OPTIONS = ("orchestrator", "optimizePlan", "undeployDependencies")


@dataclass(frozen=True, slots=True)
class Preparer:
    """Answers the ``prepare`` and ``generate`` calls.

    Attributes
    ----------
    repository
        Read only here.
    behaviour
        Decides what becomes of containers that left the environment.
    """

    repository: Repository
    behaviour: Behaviour

    def is_deployed(self, application: str, environment: str) -> bool:
        """Whether any version of an application is deployed to an environment."""
        return f"{environment}/{name_of(application)}" in self.repository

    def initial(self, version: str, environment: str) -> Deployment:
        """Return a first deployment, with nothing mapped yet.

        Raises
        ------
        EntityNotFoundError
            There is no such version or environment.
        RefusedError
            One of them is of another type.
        """
        package, target = self._pair(version, environment)
        options = {name: package.properties[name] for name in _VERSION_OPTIONS if name in package.properties}
        deployment = self._deployment(DeploymentKind.INITIAL, package, target, options, ())
        return replace(deployment, required=self._required(package, target))

    def update(self, version: str, deployed_application: str) -> Deployment:
        """Return an update that keeps what is mapped, with the values of the new version.

        New containers get nothing here (attested): that is what `map_all` is for.

        Raises
        ------
        EntityNotFoundError
            There is no such version or deployed application.
        RefusedError
            One of them is of another type, or they belong to different applications.
        """
        current = self._deployed_application(deployed_application)
        package, target = self._pair(version, current.parent or "")
        if name_of(package.parent or "") != current.name:
            raise RefusedError(f"[{version}] is not a version of [{deployed_application}]")
        Dependencies(self.repository).refuse_update(package.parent or "", package.id, target.id)
        mapper = self._mapper(package, target)
        by_name = {item.name: item for item in self._deployables(package)}
        members = set(_ids(target.properties.get("members")))
        kept = []
        for ci_id in _ids(current.properties.get("deployeds")):
            old = stored(ci_id, self.repository)
            deployable = by_name.get(old.name)
            if deployable is None or (
                self.behaviour.departed_containers == "drop" and old.container not in members
            ):
                continue
            deployed = mapper.map_one(deployable, self.repository.get(old.container))
            if deployed is not None:
                kept.append(deployed)
        options = {
            name: value
            for name, value in current.properties.items()
            if name not in ("version", "environment", "deployeds")
        }
        for name in _VERSION_OPTIONS:
            if name in package.properties:
                options[name] = package.properties[name]
        deployment = self._deployment(DeploymentKind.UPDATE, package, target, options, kept, mapper)
        return replace(deployment, required=self._required(package, target))

    def undeploy(self, deployed_application: str) -> Deployment:
        """Return the removal of an application from its environment.

        Raises
        ------
        EntityNotFoundError
            There is no such deployed application.
        RefusedError
            It is of another type.
        """
        current = self._deployed_application(deployed_application)
        package, target = self._pair(str(current.properties["version"]), current.parent or "")
        Dependencies(self.repository).refuse_undeployment(current.id, target.id)
        deployeds = [stored(ci_id, self.repository) for ci_id in _ids(current.properties.get("deployeds"))]
        options = {
            name: value
            for name, value in current.properties.items()
            if name not in ("version", "environment", "deployeds")
        }
        return self._deployment(DeploymentKind.UNDEPLOYMENT, package, target, options, deployeds)

    def map_all(self, deployment: Deployment) -> Deployment:
        """Add what types and tags allow to what is mapped; drop what the version no longer has."""
        package, target = self._pair(deployment.version, deployment.environment)
        deployables, members = self._deployables(package), self._members(target)
        mapper = self._mapper(package, target)
        complete = self._completed(deployment, package, target, mapper, mapper.map_all(deployables, members))
        return replace(complete, required=tuple(self.map_all(required) for required in deployment.required))

    def map_selected(self, deployment: Deployment, selected: Iterable[str]) -> Deployment:
        """Add what types and tags allow for some of the deployables."""
        package, target = self._pair(deployment.version, deployment.environment)
        wanted = set(selected)
        deployables = [item for item in self._deployables(package) if item.id in wanted]
        mapper = self._mapper(package, target)
        return self._completed(
            deployment, package, target, mapper, mapper.map_all(deployables, self._members(target))
        )

    def map_single(
        self, deployment: Deployment, deployable: str, container: str, type_name: str | None
    ) -> Deployment:
        """Add one pair, whatever its tags.

        Raises
        ------
        RefusedError
            No type of deployed fits the pair.
        """
        package, target = self._pair(deployment.version, deployment.environment)
        mapper = self._mapper(package, target)
        deployed = mapper.map_one(self.repository.get(deployable), self.repository.get(container), type_name)
        if deployed is None:
            raise RefusedError(f"[{deployable}] cannot be deployed to [{container}]")
        return self._completed(deployment, package, target, mapper, [deployed])

    def with_choices(self, deployment: Deployment) -> Deployment:
        """Return the deployment with the deployables and containers that can be mapped."""
        package, target = self._pair(deployment.version, deployment.environment)
        return replace(
            deployment,
            deployables=tuple((item.id, item.type) for item in self._deployables(package)),
            containers=tuple((item.id, item.type) for item in self._members(target)),
        )

    def _required(self, package: ConfigurationItem, target: ConfigurationItem) -> tuple[Deployment, ...]:
        """Return the deployments of missing dependencies; they need nothing further, all are listed."""
        found = []
        for version in Dependencies(self.repository).missing(package, target.id):
            deployed = f"{target.id}/{name_of(version.parent or '')}"
            prepared = (
                self.update(version.id, deployed)
                if deployed in self.repository
                else self.initial(version.id, target.id)
            )
            found.append(replace(prepared, required=()))
        return tuple(found)

    def _completed(
        self,
        deployment: Deployment,
        package: ConfigurationItem,
        target: ConfigurationItem,
        mapper: Mapper,
        mapped: Iterable[Deployed],
    ) -> Deployment:
        available = {item.id for item in self._deployables(package)}
        kept = {item.id: item for item in deployment.deployeds if item.deployable in available}
        for deployed in mapped:
            kept.setdefault(deployed.id, deployed)
        complete = self._deployment(
            deployment.kind, package, target, deployment.options, kept.values(), mapper
        )
        return replace(complete, id=deployment.id or complete.id, required=deployment.required)

    def _deployment(
        self,
        kind: DeploymentKind,
        package: ConfigurationItem,
        target: ConfigurationItem,
        options: dict[str, Value] | object,
        deployeds: Iterable[Deployed],
        mapper: Mapper | None = None,
    ) -> Deployment:
        return Deployment(
            id=f"deployment-{uuid.uuid4()}",
            kind=kind,
            application=f"{target.id}/{name_of(package.parent or '')}",
            version=package.id,
            environment=target.id,
            options=options if isinstance(options, dict) else {},
            deployeds=tuple(deployeds),
            deployables=tuple((item.id, item.type) for item in self._deployables(package)),
            containers=tuple((item.id, item.type) for item in self._members(target)),
            unresolved=dict(mapper.unresolved) if mapper else {},
        )

    def _pair(self, version: str, environment: str) -> tuple[ConfigurationItem, ConfigurationItem]:
        package, target = self.repository.get(version), self.repository.get(environment)
        types = self.repository.types
        if not types.is_a(package.type, "udm.Version"):
            raise RefusedError(f"[{version}] is a {package.type}, not a version of an application")
        if not types.is_a(target.type, "udm.Environment"):
            raise RefusedError(f"[{environment}] is a {target.type}, not an environment")
        return package, target

    def _deployed_application(self, ci_id: str) -> ConfigurationItem:
        item = self.repository.get(ci_id)
        if item.type != "udm.DeployedApplication":
            raise RefusedError(f"[{ci_id}] is a {item.type}, not a deployed application")
        return item

    def _mapper(self, package: ConfigurationItem, target: ConfigurationItem) -> Mapper:
        dictionaries = [self.repository.get(ci_id) for ci_id in _ids(target.properties.get("dictionaries"))]
        return Mapper(self.repository.types, self.repository.validator, package.parent or "", dictionaries)

    def _deployables(self, package: ConfigurationItem) -> list[ConfigurationItem]:
        items = [self.repository.get(ci_id) for ci_id in self.repository.children(package.id)]
        return [item for item in items if self.repository.types.is_a(item.type, "udm.Deployable")]

    def _members(self, target: ConfigurationItem) -> list[ConfigurationItem]:
        return [self.repository.get(ci_id) for ci_id in _ids(target.properties.get("members"))]


def _ids(value: Value | None) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
