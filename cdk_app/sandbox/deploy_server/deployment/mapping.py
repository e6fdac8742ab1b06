"""Which deployable goes to which container, and with which values.

Sources: vendor pages on tags and on resolving properties; upgrade notes of Deployit 3.9.2 (DEPL-4652):
an update keeps mappings, adds those for new deployables and new containers, and drops those of
deployables that are gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.deployment.dictionary import effective_entries, resolve, resolve_secret
from cdk_app.sandbox.deploy_server.deployment.model import Deployed
from cdk_app.sandbox.deploy_server.repository.model import Secret
from cdk_app.sandbox.deploy_server.types import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem, Raw, Value
    from cdk_app.sandbox.deploy_server.repository.validation import Validator
    from cdk_app.sandbox.deploy_server.types import Descriptor, PropertyDescriptor, TypeRegistry

_NOT_INHERITED = frozenset({"deployable", "container"})


def tags_match(deployable: Iterable[str], container: Iterable[str]) -> bool:
    """Whether tags allow a mapping.

    Both have none; or either has ``*``; or either has ``+`` and the other at least one; or they share one.
    """
    ours, theirs = set(deployable), set(container)
    if not ours and not theirs:
        return True
    if "*" in ours or "*" in theirs:
        return True
    if ("+" in ours and theirs) or ("+" in theirs and ours):
        return True
    return bool(ours & theirs)


@dataclass(slots=True)
class Mapper:
    """Makes deployeds for one application on one environment.

    Attributes
    ----------
    application
        Id of the ``udm.Application``.
    dictionaries
        Of the environment, in order.
    unresolved
        Collects placeholders without a value, with the property that needs them.
    """

    types: TypeRegistry
    validator: Validator
    application: str
    dictionaries: Sequence[ConfigurationItem]
    unresolved: dict[str, str] = field(default_factory=dict)
    _entries: dict[str, dict[str, str | Secret]] = field(default_factory=dict)

    def map_all(
        self, deployables: Iterable[ConfigurationItem], containers: Sequence[ConfigurationItem]
    ) -> list[Deployed]:
        """Deployeds for every pair whose types and tags fit."""
        found = []
        for deployable in deployables:
            for container in containers:
                if not tags_match(_tags(deployable), _tags(container)):
                    continue
                deployed = self.map_one(deployable, container)
                if deployed is not None:
                    found.append(deployed)
        return found

    def map_one(
        self, deployable: ConfigurationItem, container: ConfigurationItem, type_name: str | None = None
    ) -> Deployed | None:
        """Return the deployed for one pair, ``None`` if no type fits; tags are not looked at.

        Parameters
        ----------
        type_name
            Type of the deployed, if it is not to be chosen by the types of the pair.
        """
        descriptor = (
            self.types.get(type_name)
            if type_name
            else self.types.deployed_type(deployable.type, container.type)
        )
        if descriptor is None:
            return None
        ci_id = f"{container.id}/{deployable.name}"
        values = self._values(ci_id, deployable, descriptor, self._effective(container.id))
        return Deployed(ci_id, descriptor.type, deployable.id, container.id, values)

    def _effective(self, container: str) -> dict[str, str | Secret]:
        if container not in self._entries:
            self._entries[container] = effective_entries(self.dictionaries, self.application, container)
        return self._entries[container]

    def _values(
        self,
        ci_id: str,
        deployable: ConfigurationItem,
        descriptor: Descriptor,
        entries: dict[str, str | Secret],
    ) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for prop in descriptor.properties.values():
            if prop.as_containment or prop.name in _NOT_INHERITED:
                continue
            source = deployable.properties.get(prop.name)
            if source is None or prop.hidden:
                source = prop.default
            missing: set[str] = set()
            value = self._resolved(prop, source, entries, missing)
            for name in missing:
                self.unresolved[name] = f"{ci_id}.{prop.name}"
            if value is not None:
                values[prop.name] = value
        return values

    def _resolved(
        self,
        prop: PropertyDescriptor,
        source: Value | None,
        entries: dict[str, str | Secret],
        missing: set[str],
    ) -> Value | None:
        if source is None:
            return None
        if prop.name == "placeholders" and isinstance(source, tuple):
            return {name: _entry(name, entries, missing) for name in source}
        if isinstance(source, Secret):
            return resolve_secret(source.clear, entries, missing)
        if isinstance(source, str):
            if prop.password:
                return resolve_secret(source, entries, missing)
            raw: Raw = resolve(source, entries, missing)
        elif isinstance(source, tuple):
            raw = [resolve(item, entries, missing) for item in source]
        elif isinstance(source, (bool, int)):
            raw = source
        else:
            return {
                key: resolve(item, entries, missing) if isinstance(item, str) else item
                for key, item in source.items()
            }
        if missing and prop.kind is not Kind.STRING:
            return None
        try:
            return self.validator.convert(prop, raw)
        except ValueError:
            # The validation of the deployment reports what does not fit.
            return raw if isinstance(raw, str) else None


def _entry(name: str, entries: dict[str, str | Secret], missing: set[str]) -> str | Secret:
    value = entries.get(name)
    if value is None:
        missing.add(name)
        return ""
    return value if isinstance(value, Secret) else resolve(value, entries, missing)


def _tags(item: ConfigurationItem) -> tuple[str, ...]:
    tags = item.properties.get("tags")
    return tags if isinstance(tags, tuple) else ()
