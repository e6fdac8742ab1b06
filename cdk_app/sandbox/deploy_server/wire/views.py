"""Items as they are shown: by kind of property, secrets encrypted, children listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cdk_app.sandbox.deploy_server.repository.model import History, Secret, parent_of
from cdk_app.sandbox.deploy_server.types import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cdk_app.sandbox.deploy_server.deployment.model import Deployed, Deployment
    from cdk_app.sandbox.deploy_server.repository.cipher import Cipher
    from cdk_app.sandbox.deploy_server.repository.model import (
        ConfigurationItem,
        Draft,
        Raw,
        ValidationMessage,
        Value,
    )
    from cdk_app.sandbox.deploy_server.repository.store import Repository
    from cdk_app.sandbox.deploy_server.tasks.model import Task
    from cdk_app.sandbox.deploy_server.types import PropertyDescriptor

Shown: TypeAlias = "str | int | bool | list[str] | dict[str, str]"
MASK = "********"


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item ready to be written in either format."""

    id: str
    type: str
    properties: Sequence[tuple[PropertyDescriptor, Shown]]
    token: str | None = None
    history: History | None = None
    messages: Sequence[ValidationMessage] = ()


@dataclass(frozen=True, slots=True)
class Presenter:
    """Makes views.

    Attributes
    ----------
    mask
        Whether passwords are asterisks, instead of encrypted.
    """

    repository: Repository
    cipher: Cipher
    mask: bool = False

    def item(self, item: ConfigurationItem, messages: Sequence[ValidationMessage] = ()) -> ItemView:
        """Return a stored item."""
        return ItemView(
            item.id,
            item.type,
            self._properties(item.id, item.type, item.properties),
            item.token if item.parent else None,
            item.history if item.parent else None,
            messages,
        )

    def draft(self, draft: Draft, messages: Sequence[ValidationMessage]) -> ItemView:
        """Return an item as it was sent, with what is wrong with it."""
        properties = self.repository.types.get(draft.type).properties
        shown = [
            (properties[name], self._echo(properties[name], raw))
            for name, raw in draft.properties.items()
            if name in properties and not properties[name].hidden and raw is not None
        ]
        return ItemView(draft.id, draft.type, shown, draft.token, None, messages)

    def deployed(self, deployed: Deployed, messages: Sequence[ValidationMessage]) -> ItemView:
        """Return a deployed of a deployment that has not run yet."""
        values: dict[str, Value] = dict(deployed.values)
        if deployed.deployable:
            values["deployable"] = deployed.deployable
        return ItemView(
            deployed.id,
            deployed.type,
            self._properties(deployed.id, deployed.type, values),
            messages=messages,
        )

    def application(self, deployment: Deployment) -> ItemView:
        """Return the DeployedApplication of a deployment."""
        values: dict[str, Value] = {
            **deployment.options,
            "version": deployment.version,
            "unresolvedPlaceholders": deployment.unresolved,
        }
        shown = self._properties(deployment.application, "udm.DeployedApplication", values)
        messages = deployment.messages.get(deployment.application, ())
        return ItemView(deployment.application, "udm.DeployedApplication", shown, messages=messages)

    def _properties(
        self, ci_id: str, type_name: str, values: Mapping[str, Value]
    ) -> list[tuple[PropertyDescriptor, Shown]]:
        shown: list[tuple[PropertyDescriptor, Shown]] = []
        for prop in self.repository.types.get(type_name).properties.values():
            if prop.hidden:
                continue
            if prop.is_parent:
                shown.append((prop, parent_of(ci_id) or ""))
            elif prop.is_children:
                shown.append((prop, self._children(ci_id, prop)))
            else:
                value = self._shown(prop, values.get(prop.name))
                if value is not None:
                    shown.append((prop, value))
        return shown

    def _children(self, ci_id: str, prop: PropertyDescriptor) -> list[str]:
        return [
            child
            for child in self.repository.children(ci_id)
            if self.repository.types.is_a(self.repository.get(child).type, prop.referenced_type or "")
        ]

    def _shown(self, prop: PropertyDescriptor, value: Value | None) -> Shown | None:
        if value is None:
            if prop.kind.is_collection:
                return []
            if prop.kind is Kind.MAP_STRING_STRING:
                return {}
            return False if prop.kind is Kind.BOOLEAN else None
        if isinstance(value, Secret):
            return self._secret(value)
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, (str, bool, int)):
            return value
        return {
            key: f"e{{{self._secret(entry)}}}" if isinstance(entry, Secret) else entry
            for key, entry in value.items()
        }

    def _echo(self, prop: PropertyDescriptor, raw: Raw) -> Shown:
        """Return a value as it was sent, whatever its form, except that secrets are not repeated."""
        if prop.password:
            return MASK
        if isinstance(raw, list):
            return [
                str(item.get("id") or item.get("ci-ref")) if isinstance(item, dict) else str(item)
                for item in raw
            ]
        if isinstance(raw, dict):
            return {key: str(entry) for key, entry in raw.items()}
        return "" if raw is None else raw

    def _secret(self, secret: Secret) -> str:
        return MASK if self.mask else self.cipher.encrypt(secret)


def task_dates(task: Task) -> dict[str, str]:
    """Return the dates that a task has, by the names that both formats give them."""
    moments = {"startDate": task.started, "completionDate": task.completed, "scheduledDate": task.scheduled}
    return {name: timestamp(moment) for name, moment in moments.items() if moment is not None}


def task_summary(task: Task) -> dict[str, str | int]:
    """Return what every answer in JSON tells of a task."""
    return {
        "id": task.id,
        "failures": task.failures,
        "owner": task.owner,
        "state": str(task.state),
        "description": task.description,
        **task_dates(task),
    }


def property_descriptor(owner: str, prop: PropertyDescriptor) -> dict[str, str | bool]:
    """Return what both formats tell of a property of a type; `owner` is the type's name."""
    return {
        "name": prop.name,
        "fqn": f"{owner}.{prop.name}",
        "label": prop.label,
        "kind": str(prop.kind),
        "description": prop.description,
        "category": prop.category,
        "asContainment": prop.as_containment,
        "inspection": False,
        "required": prop.required,
        "requiredInspection": False,
        "password": prop.password,
        "transient": prop.transient,
        "hidden": prop.hidden,
        "size": prop.size,
    }


def timestamp(moment: datetime) -> str:
    """``2016-09-27T09:42:58.212+0200``: no colon in the offset (attested)."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}{moment:%z}"
