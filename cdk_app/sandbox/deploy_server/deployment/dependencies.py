"""Dependencies between applications on one environment.

Attested by integration tests of the vendor: missing dependencies are deployed along, and what others depend
on is neither undeployed nor taken back to a version that they cannot use; both texts.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.deployment.versions import accepts, version_key
from cdk_app.sandbox.deploy_server.errors import RefusedError
from cdk_app.sandbox.deploy_server.repository.model import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem
    from cdk_app.sandbox.deploy_server.repository.store import Repository


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What versions need, and what is there."""

    repository: Repository

    def missing(self, version: ConfigurationItem, environment: str) -> list[ConfigurationItem]:
        """Return versions to deploy before a version, in this order.

        Raises
        ------
        RefusedError
            A dependency has no version that fits.
        """
        found: dict[str, ConfigurationItem] = {}
        self._collect(version, environment, found, {version.parent or ""})
        return list(found.values())

    def refuse_update(self, application: str, version: str, environment: str) -> None:
        """Refuse a version that a deployed application cannot use.

        Raises
        ------
        RefusedError
            One depends on another version; full ids, as attested.
        """
        for dependent, requirement in self._dependents(name_of(application), environment):
            if not accepts(requirement, name_of(version)):
                raise RefusedError(
                    f'Application "{application}" cannot be upgraded, because the deployed application '
                    f'"{dependent.id}" depends on its current version. '
                    f"It requires a version compatible with '{requirement}'."
                )

    def refuse_undeployment(self, deployed_application: str, environment: str) -> None:
        """Refuse to remove what a deployed application depends on.

        Raises
        ------
        RefusedError
            One does; names only and escaped for HTML, as attested.
        """
        name = name_of(deployed_application)
        for dependent, requirement in self._dependents(name, environment):
            # The real server writes the decimal codes.
            escaped = html.escape(
                f'Application "{name}" cannot be undeployed, because the deployed application '
                f'"{dependent.name}" depends on its current version. '
                f"It requires a version compatible with '{requirement}'."
            )
            raise RefusedError(escaped.replace("&quot;", "&#34;").replace("&#x27;", "&#39;"))

    def _collect(
        self,
        version: ConfigurationItem,
        environment: str,
        found: dict[str, ConfigurationItem],
        path: set[str],
    ) -> None:
        for name, requirement in requirements(version).items():
            if name in found:
                continue
            deployed = self.repository.find(f"{environment}/{name}")
            if deployed is not None and accepts(requirement, name_of(str(deployed.properties["version"]))):
                continue
            chosen = self._latest(name, requirement)
            if chosen.parent in path:
                raise RefusedError(f'Application "{name}" depends on itself')
            self._collect(chosen, environment, found, path | {chosen.parent or ""})
            found[name] = chosen

    def _latest(self, name: str, requirement: str) -> ConfigurationItem:
        candidates = [
            self.repository.get(ci_id)
            for application in self.repository.of_type("udm.Application")
            if application.name == name
            for ci_id in self.repository.children(application.id)
            if accepts(requirement, name_of(ci_id))
        ]
        if not candidates:
            raise RefusedError(
                f"There is no version of application \"{name}\" compatible with '{requirement}'"
            )
        return max(candidates, key=lambda item: version_key(item.name))

    def _dependents(self, name: str, environment: str) -> Iterator[tuple[ConfigurationItem, str]]:
        for ci_id in self.repository.children(environment):
            deployed = self.repository.get(ci_id)
            version = self.repository.find(str(deployed.properties.get("version")))
            if version is not None and name in requirements(version):
                yield deployed, requirements(version)[name]


def requirements(version: ConfigurationItem) -> dict[str, str]:
    """Return required versions by name of application."""
    value = version.properties.get("applicationDependencies")
    return {name: str(text) for name, text in value.items()} if isinstance(value, dict) else {}
