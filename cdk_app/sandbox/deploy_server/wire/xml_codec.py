"""XML as Deploy writes and reads it.

Facts: ``CiXStreamWriter``, ``Converters`` and ``AbstractTaskWithBlockConverter`` of the vendor's Java client
4.5.1; the vendor's REST samples; fixtures of a public Puppet module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from cdk_app.sandbox.deploy_server.deployment.model import Deployment, DeploymentDraft
from cdk_app.sandbox.deploy_server.errors import RefusedError, UnparsableError
from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem, Draft
from cdk_app.sandbox.deploy_server.repository.service import Stored
from cdk_app.sandbox.deploy_server.tasks.model import Block, BlockState, Step, Task
from cdk_app.sandbox.deploy_server.text import clean
from cdk_app.sandbox.deploy_server.types import Descriptor, Kind
from cdk_app.sandbox.deploy_server.wire import resources as r
from cdk_app.sandbox.deploy_server.wire.json_codec import current_step, step_metadata
from cdk_app.sandbox.deploy_server.wire.views import ItemView, Shown, task_dates, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cdk_app.sandbox.deploy_server.repository.model import Raw
    from cdk_app.sandbox.deploy_server.types import PropertyDescriptor, TypeRegistry
    from cdk_app.sandbox.deploy_server.wire.views import Presenter

_MESSAGES = "validation-messages"


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
                return _list(self._item(item) for item in items)
            case r.References(items):
                return _list(_reference("ci", item.id, item.type) for item in items)
            case r.Flag(value):
                return _text("boolean", str(value).lower())
            case r.TaskId(value):
                return _text("string", value)
            case r.Strings(values):
                return _list(_text("string", value) for value in values)
            case r.Entries(entries):
                return _filled(etree.Element("map"), _entries(entries))
            case r.Grants(grants):
                return _grants(grants)
            case Deployment():
                return self._deployment(resource)
            case Task():
                return _task(resource)
            case r.Tasks(tasks):
                return _list(_task(task) for task in tasks)
            case r.BlockView(block, steps):
                return _block(block, steps=steps)
            case Step():
                return step_element(resource)
            case Descriptor():
                return _descriptor(resource)
            case r.Descriptors(descriptors):
                return _list(_descriptor(descriptor) for descriptor in descriptors)
            case r.PermissionList(permissions):
                return _permissions(permissions)
            case r.ServerInfo(version, plugins):
                return _server_info(version, plugins)
            case r.ServerState(mode):
                return _filled(etree.Element("server-state"), [_text("current-mode", mode)])
            case r.UserView(name, admin):
                user = etree.Element("user", admin=str(admin).lower())
                return _filled(user, [_text("username", name)])

    def _item(self, item: ConfigurationItem | Stored | r.Checked) -> etree._Element:
        if isinstance(item, Stored):
            return _view(self.presenter.item(item.item, item.messages))
        if isinstance(item, r.Checked):
            return _view(self.presenter.draft(item.draft, item.messages))
        return _view(self.presenter.item(item))

    def _deployment(self, deployment: Deployment) -> etree._Element:
        root = etree.Element("deployment", id=deployment.id, type=str(deployment.kind))
        _filled(etree.SubElement(root, "application"), [_view(self.presenter.application(deployment))])
        _filled(
            etree.SubElement(root, "deployeds"),
            (
                _view(self.presenter.deployed(item, deployment.messages.get(item.id, ())))
                for item in deployment.deployeds
            ),
        )
        for name, pairs in (("deployables", deployment.deployables), ("containers", deployment.containers)):
            _filled(etree.SubElement(root, name), (_reference("ci", *pair) for pair in pairs))
        if deployment.required:
            _filled(
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
        messages = etree.SubElement(element, _MESSAGES)
        for message in view.messages:
            child = etree.SubElement(messages, "validation-message", level=message.level, ci=message.ci_id)
            if message.property:
                child.set("property", message.property)
            child.text = clean(message.text)
    return element


def _property(prop: PropertyDescriptor, value: Shown) -> etree._Element:
    if isinstance(value, dict):
        return _filled(etree.Element(prop.name), _entries(value))
    if isinstance(value, list):
        name = "ci" if prop.kind.holds_references else "value"
        make = _reference if prop.kind.holds_references else _text
        return _filled(etree.Element(prop.name), (make(name, item) for item in value))
    if prop.kind is Kind.CI:
        return _reference(prop.name, str(value))
    return _text(prop.name, str(value).lower() if isinstance(value, bool) else str(value))


def _task(task: Task) -> etree._Element:
    element = etree.Element(
        "task", id=task.id, failures=str(task.failures), state=str(task.state), owner=task.owner
    )
    element.append(_text("description", task.description))
    _filled(element, (_text(name, text) for name, text in task_dates(task).items()))
    active = [block for block in task.block.walk() if block.state is BlockState.EXECUTING and block.steps]
    if active:
        _filled(etree.SubElement(element, "activeBlocks"), (_text("active", block.path) for block in active))
    _filled(
        etree.SubElement(element, "metadata"), (_text(key, value) for key, value in task.metadata.items())
    )
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
    _filled(element, (_block(inner, steps=steps) for inner in block.blocks))
    if steps:
        _filled(element, (step_element(step) for step in block.steps))
    return element


def step_element(step: Step) -> etree._Element:
    """Return a step as XML."""
    element = etree.Element("step", failures=str(step.failures), state=str(step.state))
    element.append(_text("description", step.description))
    _dates(element, (("startDate", step.started), ("completionDate", step.completed)))
    if step.log:
        element.append(_text("log", step.log))
    _filled(
        etree.SubElement(element, "metadata"),
        (_text(key, value) for key, value in step_metadata(step).items()),
    )
    return element


def _descriptor(descriptor: Descriptor) -> etree._Element:
    element = etree.Element(
        "descriptor", type=descriptor.type, virtual=str(descriptor.virtual).lower(), versioned="true"
    )
    for name, value in (
        ("root", descriptor.root),
        ("deployableType", descriptor.deployable_type),
        ("containerType", descriptor.container_type),
    ):
        if value:
            element.set(name, value)
    element.append(_text("description", descriptor.description))
    _filled(
        etree.SubElement(element, "property-descriptors"),
        (_property_descriptor(descriptor.type, prop) for prop in descriptor.properties.values()),
    )
    tasks = etree.SubElement(element, "control-tasks")
    for task in descriptor.control_tasks:
        child = etree.SubElement(
            tasks, "control-task", name=task.name, fqn=f"{descriptor.type}.{task.name}", label=task.label
        )
        child.append(_text("description", task.description))
    _filled(
        etree.SubElement(element, "interfaces"),
        (_text("interface", name) for name in descriptor.interfaces),
    )
    _filled(
        etree.SubElement(element, "superTypes"),
        (_text("superType", name) for name in descriptor.super_types),
    )
    return element


def _property_descriptor(owner: str, prop: PropertyDescriptor) -> etree._Element:
    flags = {
        "asContainment": prop.as_containment,
        "inspection": False,
        "required": prop.required,
        "requiredInspection": False,
        "password": prop.password,
        "transient": prop.transient,
        "hidden": prop.hidden,
    }
    element = etree.Element(
        "property-descriptor",
        {
            "name": prop.name,
            "fqn": f"{owner}.{prop.name}",
            "label": prop.label,
            "kind": str(prop.kind),
            "description": prop.description,
            "category": prop.category,
            "size": prop.size,
            **{name: str(value).lower() for name, value in flags.items()},
            **({"default": prop.default} if prop.default is not None else {}),
        },
    )
    if prop.referenced_type:
        element.append(_text("referencedType", prop.referenced_type))
    if prop.enum_values:
        _filled(etree.SubElement(element, "enumValues"), (_text("string", v) for v in prop.enum_values))
    return element


def _permissions(permissions: Iterable[r.Permission]) -> etree._Element:
    root = etree.Element("collection")
    for permission in permissions:
        child = etree.SubElement(root, "permission", permissionName=permission.name, level=permission.level)
        if permission.root:
            child.set("root", permission.root)
    return root


def _server_info(version: str, plugins: Mapping[str, str]) -> etree._Element:
    root = etree.Element("server-info")
    root.append(_text("version", version))
    etree.SubElement(root, "classpath")
    group = etree.SubElement(root, "plugins")
    for name, number in plugins.items():
        etree.SubElement(group, "plugin-info", plugin=name, version=number)
    return root


def _grants(grants: Mapping[str, Iterable[str]]) -> etree._Element:
    root = etree.Element("map")
    for ci_id, names in grants.items():
        entry = etree.SubElement(root, "entry", key=ci_id)
        _filled(entry, (_text("string", name) for name in names))
    return root


def _list(children: Iterable[etree._Element]) -> etree._Element:
    return _filled(etree.Element("list"), children)


def _filled(element: etree._Element, children: Iterable[etree._Element]) -> etree._Element:
    element.extend(children)
    return element


def _reference(name: str, ci_id: str, type_name: str | None = None) -> etree._Element:
    element = etree.Element(name, ref=ci_id)
    if type_name is not None:
        element.set("type", type_name)
    return element


def _entries(entries: Mapping[str, str]) -> Iterable[etree._Element]:
    for key, value in entries.items():
        element = etree.Element("entry", key=clean(key))
        element.text = clean(value)
        yield element


def _text(name: str, text: str) -> etree._Element:
    element = etree.Element(name)
    element.text = clean(text)
    return element


def _dates(element: etree._Element, dates: Iterable[tuple[str, datetime | None]]) -> None:
    for name, moment in dates:
        if moment is not None:
            element.append(_text(name, timestamp(moment)))


def parse(body: bytes) -> etree._Element:
    """Decode a body; external entities are never resolved (attested).

    Raises
    ------
    UnparsableError
        It is not XML, or it has a document type.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise UnparsableError(f"Cannot parse XML: {error}") from error
    if b"<!DOCTYPE" in body:
        raise UnparsableError("DOCTYPE is disallowed")
    return root


def read_item(element: etree._Element, types: TypeRegistry) -> Draft:
    """Return an item: element name is the type, children are properties."""
    type_name = etree.QName(element).localname
    known = types.get(type_name).properties if type_name in types else {}
    properties = {
        child.tag: _raw(child, known.get(child.tag))
        for child in element
        if isinstance(child.tag, str) and child.tag != _MESSAGES
    }
    return Draft((element.get("id") or "").strip("/"), type_name, properties, element.get("token"))


def read_items(element: etree._Element, types: TypeRegistry) -> list[Draft]:
    """Return a list of items below any root element."""
    return [read_item(child, types) for child in element]


def read_strings(element: etree._Element) -> list[str]:
    """Return a list of texts, or of references by id."""
    return [child.get("ref") or (child.text or "").strip() for child in element]


def read_deployment(element: etree._Element, types: TypeRegistry) -> DeploymentDraft:
    """Return a Deployment object.

    Raises
    ------
    RefusedError
        It has no type or no application.
    """
    kind, application = element.get("type"), element.find("application")
    if not kind or application is None or len(application) != 1:
        raise RefusedError("A deployment needs a type and an application")
    return DeploymentDraft(
        id=element.get("id"),
        kind=kind,
        application=read_item(application[0], types),
        deployeds=tuple(read_item(child, types) for child in element.iterfind("deployeds/*")),
        required=tuple(read_deployment(child, types) for child in element.iterfind("requiredDeployments/*")),
    )


def _raw(element: etree._Element, prop: PropertyDescriptor | None) -> Raw:
    if prop is None:
        return element.text
    if prop.kind is Kind.CI:
        nested = element[0].get("id") if len(element) else None
        return element.get("ref") or nested or (element.text or "").strip() or None
    if prop.kind.holds_references:
        return [child.get("ref") or child.get("id") or (child.text or "") for child in element]
    if prop.kind.is_collection:
        return [child.text or "" for child in element]
    if prop.kind is Kind.MAP_STRING_STRING:
        return {child.get("key") or "": child.text or "" for child in element}
    return element.text or ""
