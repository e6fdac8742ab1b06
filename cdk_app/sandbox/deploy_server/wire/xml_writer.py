"""XML as Deploy writes it.

Facts: ``CiXStreamWriter``, ``Converters`` and ``AbstractTaskWithBlockConverter`` of the vendor's Java client
4.5.1; the vendor's REST samples; fixtures of a public Puppet module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from cdk_app.sandbox.deploy_server.deployment.model import Deployment
from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem
from cdk_app.sandbox.deploy_server.repository.service import Stored
from cdk_app.sandbox.deploy_server.tasks.model import Block, BlockState, Step, Task
from cdk_app.sandbox.deploy_server.text import clean
from cdk_app.sandbox.deploy_server.types import Descriptor, Kind
from cdk_app.sandbox.deploy_server.wire import resources as r
from cdk_app.sandbox.deploy_server.wire.json_writer import current_step, step_metadata
from cdk_app.sandbox.deploy_server.wire.views import ItemView, Shown, task_dates, timestamp
from cdk_app.sandbox.deploy_server.wire.xml_elements import (
    add_dates,
    entries_of,
    filled,
    list_of,
    reference,
    text,
)
from cdk_app.sandbox.deploy_server.wire.xml_metadata import descriptor_element, permissions_element

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cdk_app.sandbox.deploy_server.types import PropertyDescriptor
    from cdk_app.sandbox.deploy_server.wire.views import Presenter


@dataclass(frozen=True, slots=True)
class XmlEncoder:
    """Writes resources."""

    presenter: Presenter

    def encode(self, resource: r.Resource) -> bytes:
        """Return the body of an answer."""
        return etree.tostring(self.element(resource), encoding="UTF-8", xml_declaration=False)

    def element(self, resource: r.Resource) -> etree._Element:
        """Return the resource as an element."""
        match resource:
            case ConfigurationItem() | Stored() | r.Checked():
                return self._item(resource)
            case r.Items(items):
                return list_of(self._item(item) for item in items)
            case r.References(items):
                return list_of(reference("ci", item.id, item.type) for item in items)
            case r.Flag(value):
                return text("boolean", str(value).lower())
            case r.TaskId(value):
                return text("string", value)
            case r.Strings(values):
                return list_of(text("string", value) for value in values)
            case r.Entries(entries):
                return filled(etree.Element("map"), entries_of(entries))
            case r.Grants(grants):
                return _grants(grants)
            case Deployment():
                return self._deployment(resource)
            case Task():
                return _task(resource)
            case r.Tasks(tasks):
                return list_of(_task(task) for task in tasks)
            case r.BlockView(block, steps):
                return _block(block, steps=steps)
            case Step():
                return step_element(resource)
            case Descriptor():
                return descriptor_element(resource)
            case r.Descriptors(descriptors):
                return list_of(descriptor_element(descriptor) for descriptor in descriptors)
            case r.PermissionList(permissions):
                return permissions_element(permissions)
            case r.ServerInfo(version, plugins):
                return _server_info(version, plugins)
            case r.ServerState(mode):
                return filled(etree.Element("server-state"), [text("current-mode", mode)])
            case r.UserView(name, admin):
                user = etree.Element("user", admin=str(admin).lower())
                return filled(user, [text("username", name)])

    def _item(self, item: ConfigurationItem | Stored | r.Checked) -> etree._Element:
        if isinstance(item, Stored):
            return _view(self.presenter.item(item.item, item.messages))
        if isinstance(item, r.Checked):
            return _view(self.presenter.draft(item.draft, item.messages))
        return _view(self.presenter.item(item))

    def _deployment(self, deployment: Deployment) -> etree._Element:
        root = etree.Element("deployment", id=deployment.id, type=str(deployment.kind))
        filled(etree.SubElement(root, "application"), [_view(self.presenter.application(deployment))])
        filled(
            etree.SubElement(root, "deployeds"),
            (
                _view(self.presenter.deployed(item, deployment.messages.get(item.id, ())))
                for item in deployment.deployeds
            ),
        )
        for name, pairs in (("deployables", deployment.deployables), ("containers", deployment.containers)):
            filled(etree.SubElement(root, name), (reference("ci", *pair) for pair in pairs))
        if deployment.required:
            filled(
                etree.SubElement(root, "requiredDeployments"),
                (self._deployment(required) for required in deployment.required),
            )
        return root


def _view(view: ItemView) -> etree._Element:
    element = etree.Element(view.type, id=view.id)
    if view.token:
        element.set("token", view.token)
    if view.history is not None:
        element.set("created-by", view.history.created_by)
        element.set("created-at", timestamp(view.history.created_at))
        element.set("last-modified-by", view.history.modified_by)
        element.set("last-modified-at", timestamp(view.history.modified_at))
    for prop, value in view.properties:
        element.append(_property(prop, value))
    if view.messages:
        messages = etree.SubElement(element, "validation-messages")
        for message in view.messages:
            child = etree.SubElement(messages, "validation-message", level=message.level, ci=message.ci_id)
            if message.property:
                child.set("property", message.property)
            child.text = clean(message.text)
    return element


def _property(prop: PropertyDescriptor, value: Shown) -> etree._Element:
    if isinstance(value, dict):
        return filled(etree.Element(prop.name), entries_of(value))
    if isinstance(value, list):
        name = "ci" if prop.kind.holds_references else "value"
        make = reference if prop.kind.holds_references else text
        return filled(etree.Element(prop.name), (make(name, item) for item in value))
    if prop.kind is Kind.CI:
        return reference(prop.name, str(value))
    return text(prop.name, str(value).lower() if isinstance(value, bool) else str(value))


def _task(task: Task) -> etree._Element:
    element = etree.Element(
        "task", id=task.id, failures=str(task.failures), state=str(task.state), owner=task.owner
    )
    element.append(text("description", task.description))
    filled(element, (text(name, moment) for name, moment in task_dates(task).items()))
    active = [block for block in task.block.walk() if block.state is BlockState.EXECUTING and block.steps]
    if active:
        filled(etree.SubElement(element, "activeBlocks"), (text("active", block.path) for block in active))
    filled(etree.SubElement(element, "metadata"), (text(key, value) for key, value in task.metadata.items()))
    element.append(_block(task.block, steps=False))
    return element


def _block(block: Block, *, steps: bool) -> etree._Element:
    element = etree.Element(
        "block", id=block.path, state=str(block.state), description=clean(block.description)
    )
    if block.phase:
        element.set("phase", "true")
    if block.blocks:
        element.set("parallel", str(block.parallel).lower())
    elif steps:
        element.set("current", str(current_step(block)))
    filled(element, (_block(inner, steps=steps) for inner in block.blocks))
    if steps:
        filled(element, (step_element(step) for step in block.steps))
    return element


def step_element(step: Step) -> etree._Element:
    """Return a step as XML."""
    element = etree.Element("step", failures=str(step.failures), state=str(step.state))
    element.append(text("description", step.description))
    add_dates(element, (("startDate", step.started), ("completionDate", step.completed)))
    if step.log:
        element.append(text("log", step.log))
    filled(
        etree.SubElement(element, "metadata"),
        (text(key, value) for key, value in step_metadata(step).items()),
    )
    return element


def _server_info(version: str, plugins: Mapping[str, str]) -> etree._Element:
    root = etree.Element("server-info")
    root.append(text("version", version))
    etree.SubElement(root, "classpath")
    group = etree.SubElement(root, "plugins")
    for name, number in plugins.items():
        etree.SubElement(group, "plugin-info", plugin=name, version=number)
    return root


def _grants(grants: Mapping[str, Iterable[str]]) -> etree._Element:
    root = etree.Element("map")
    for ci_id, names in grants.items():
        entry = etree.SubElement(root, "entry", key=ci_id)
        filled(entry, (text("string", name) for name in names))
    return root
