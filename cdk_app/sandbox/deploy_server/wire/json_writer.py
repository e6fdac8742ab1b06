"""JSON as Deploy writes it.

Facts: ``CiJsonWriter``, ``TaskWithBlockJsonConverter``, ``BlockStateJsonConverter`` and
``StepStateJsonConverter`` of the vendor's Java client 4.5.1; fixtures of public clients for later versions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.deploy_server.deployment.model import Deployment
from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem
from cdk_app.sandbox.deploy_server.repository.service import Stored
from cdk_app.sandbox.deploy_server.tasks.model import Block, BlockState, Step, Task
from cdk_app.sandbox.deploy_server.types import Descriptor, Kind
from cdk_app.sandbox.deploy_server.wire import resources as r
from cdk_app.sandbox.deploy_server.wire.views import (
    ItemView,
    Shown,
    property_descriptor,
    task_summary,
    timestamp,
)

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.repository.model import ValidationMessage
    from cdk_app.sandbox.deploy_server.settings import Behaviour
    from cdk_app.sandbox.deploy_server.types import PropertyDescriptor
    from cdk_app.sandbox.deploy_server.wire.views import Presenter

Json = Any  # the value types of the json module


@dataclass(frozen=True, slots=True)
class JsonEncoder:
    """Writes resources."""

    presenter: Presenter
    behaviour: Behaviour

    def encode(self, resource: r.Resource) -> bytes:
        """Return the body of an answer."""
        return json.dumps(self.value(resource), separators=(",", ":")).encode()

    def value(self, resource: r.Resource) -> Json:
        """Return the resource as the json module takes it."""
        match resource:
            case ConfigurationItem() | Stored() | r.Checked():
                return self.item(resource)
            case r.Items(items):
                return [self.item(item) for item in items]
            case r.References(items):
                return [{"ref": item.id, "type": item.type} for item in items]
            case r.Flag(value):
                return {"boolean": value}
            case r.TaskId(value):
                return {"string": value}
            case r.Strings(values):
                return list(values)
            case r.Entries(entries):
                return dict(entries)
            case r.Grants(grants):
                return {ci_id: list(names) for ci_id, names in grants.items()}
            case Deployment():
                return self.deployment(resource)
            case Task():
                return self.task(resource)
            case r.Tasks(tasks):
                return [self.task(task) for task in tasks]
            case r.BlockView(block, steps):
                return self.block(block, steps=steps)
            case Step():
                return self.step(resource)
            case Descriptor():
                return _descriptor(resource)
            case r.Descriptors(descriptors):
                return [_descriptor(descriptor) for descriptor in descriptors]
            case r.PermissionList(permissions):
                return [
                    {"level": p.level, "permissionName": p.name, **({"root": p.root} if p.root else {})}
                    for p in permissions
                ]
            case r.ServerInfo(version, plugins):
                pairs = [{"plugin": name, "version": number} for name, number in plugins.items()]
                return {"version": version, "pluginsInfo": pairs, "classpathEntries": []}
            case r.ServerState(mode):
                return {"current-mode": mode}
            case r.UserView(name, admin):
                return {"username": name, "admin": admin}

    def item(self, item: ConfigurationItem | Stored | r.Checked) -> Json:
        """Return a configuration item."""
        if isinstance(item, Stored):
            return self._view(self.presenter.item(item.item, item.messages))
        if isinstance(item, r.Checked):
            return self._view(self.presenter.draft(item.draft, item.messages))
        return self._view(self.presenter.item(item))

    def deployment(self, deployment: Deployment) -> Json:
        """Return a Deployment object (fixture of the vendor's load tests, recorded from the UI)."""
        return {
            "id": deployment.id,
            "type": str(deployment.kind),
            "deploymentGroupIndex": 0,
            "application": self._view(self.presenter.application(deployment)),
            "deployeds": [
                self._view(self.presenter.deployed(item, deployment.messages.get(item.id, ())))
                for item in deployment.deployeds
            ],
            "deployables": [{"ci": ci_id, "type": type_name} for ci_id, type_name in deployment.deployables],
            "containers": [{"ci": ci_id, "type": type_name} for ci_id, type_name in deployment.containers],
            "requiredDeployments": [self.deployment(required) for required in deployment.required],
        }

    def task(self, task: Task) -> Json:
        """Return a task with its blocks, without its steps."""
        active = [
            block.path for block in task.block.walk() if block.state is BlockState.EXECUTING and block.steps
        ]
        return {
            **task_summary(task),
            **({"activeBlocks": active} if active else {}),
            "metadata": dict(task.metadata),
            "block": self.block(task.block, steps=False),
        }

    def block(self, block: Block, *, steps: bool) -> Json:
        """Return a block with all inside it; a phase wraps its only block (attested by a public client)."""
        result: dict[str, Json] = {
            "id": block.path,
            "state": str(block.state),
            "description": block.description,
        }
        if block.phase:
            return {**result, "phase": "true", "block": self.block(block.blocks[0], steps=steps)}
        if block.blocks:
            result["parallel"] = block.parallel
            result["blocks"] = [self.block(inner, steps=steps) for inner in block.blocks]
            return result
        result["currentStep"] = current_step(block)
        if steps:
            result["steps"] = [self.step(step) for step in block.steps]
        return result

    def step(self, step: Step) -> Json:
        """Return a step, with its metadata unless the server is set to keep that for XML (as 4.5 did)."""
        value = step_value(step)
        return {**value, "metadata": step_metadata(step)} if self.behaviour.step_metadata == "both" else value

    def _view(self, view: ItemView) -> Json:
        result: dict[str, Json] = {"id": view.id, "type": view.type}
        if view.token:
            result["$token"] = view.token
        if view.history is not None:
            result["$createdBy"] = view.history.created_by
            result["$createdAt"] = timestamp(view.history.created_at)
            result["$lastModifiedBy"] = view.history.modified_by
            result["$lastModifiedAt"] = timestamp(view.history.modified_at)
        for prop, value in view.properties:
            result[prop.name] = self._property(prop, value)
        if view.messages:
            result[self.behaviour.validation_messages_key] = [self._message(m) for m in view.messages]
        return result

    def _property(self, prop: PropertyDescriptor, value: Shown) -> Json:
        form = self.behaviour.reference_form
        if form == "string" or not prop.kind.holds_references:
            return value
        return [{form: item} for item in value] if isinstance(value, list) else {form: value}

    def _message(self, message: ValidationMessage) -> Json:
        return {
            **({"level": message.level} if self.behaviour.validation_message_level else {}),
            "ci": message.ci_id,
            **({"property": message.property} if message.property else {}),
            "message": message.text,
        }


def current_step(block: Block) -> int:
    """Return number of the step that runs or is next, 0 before the start."""
    over = sum(step.state.is_over for step in block.steps)
    if block.state is BlockState.PENDING and not over:
        return 0
    return min(over + 1, len(block.steps))


def step_value(step: Step) -> Json:
    """Return a step as the json module takes it, without metadata."""
    dates = (("startDate", step.started), ("completionDate", step.completed))
    return {
        "state": str(step.state),
        "failures": step.failures,
        "description": step.description,
        **{name: timestamp(moment) for name, moment in dates if moment is not None},
        **({"log": step.log} if step.log else {}),
    }


def step_metadata(step: Step) -> dict[str, str]:
    """Metadata of a step; all values are texts (attested by the vendor's integration tests)."""
    return {
        "order": str(step.order),
        "previewAvailable": "false",
        **({"rule": step.rule} if step.rule else {}),
        **{f"deployed_{number}": ci_id for number, ci_id in enumerate(step.deployeds)},
    }


def _descriptor(descriptor: Descriptor) -> Json:
    return {
        "type": descriptor.type,
        "virtual": descriptor.virtual,
        **({"root": descriptor.root} if descriptor.root else {}),
        **({"description": descriptor.description} if descriptor.description else {}),
        "properties": [
            _property_descriptor(descriptor.type, prop) for prop in descriptor.properties.values()
        ],
        "interfaces": list(descriptor.interfaces),
        "superTypes": list(descriptor.super_types),
        **({"deployableType": descriptor.deployable_type} if descriptor.deployable_type else {}),
        **({"containerType": descriptor.container_type} if descriptor.container_type else {}),
    }


def _property_descriptor(owner: str, prop: PropertyDescriptor) -> Json:
    default: Json = prop.default
    if default is not None and prop.kind is Kind.BOOLEAN:
        default = default == "true"
    elif default is not None and prop.kind is Kind.INTEGER:
        default = int(default)
    return {
        **property_descriptor(owner, prop),
        "referencedType": prop.referenced_type,
        "default": default,
        **({"enumValues": list(prop.enum_values)} if prop.enum_values else {}),
    }
