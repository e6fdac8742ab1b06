"""Types and permissions in XML.

Facts: ``DescriptorConverter``, ``PropertyDescriptorConverter`` and ``MethodDescriptorConverter`` of the
vendor's Java client 4.5.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from cdk_app.sandbox.deploy_server.wire.views import property_descriptor
from cdk_app.sandbox.deploy_server.wire.xml_elements import filled, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_app.sandbox.deploy_server.types import Descriptor, PropertyDescriptor
    from cdk_app.sandbox.deploy_server.wire import resources as r


def descriptor_element(descriptor: Descriptor) -> etree._Element:
    """Return a type with its properties."""
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
    element.append(text("description", descriptor.description))
    filled(
        etree.SubElement(element, "property-descriptors"),
        (_property_descriptor(descriptor.type, prop) for prop in descriptor.properties.values()),
    )
    tasks = etree.SubElement(element, "control-tasks")
    for task in descriptor.control_tasks:
        child = etree.SubElement(
            tasks, "control-task", name=task.name, fqn=f"{descriptor.type}.{task.name}", label=task.label
        )
        child.append(text("description", task.description))
    filled(
        etree.SubElement(element, "interfaces"),
        (text("interface", name) for name in descriptor.interfaces),
    )
    filled(
        etree.SubElement(element, "superTypes"),
        (text("superType", name) for name in descriptor.super_types),
    )
    return element


def _property_descriptor(owner: str, prop: PropertyDescriptor) -> etree._Element:
    element = etree.Element(
        "property-descriptor",
        {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in property_descriptor(owner, prop).items()
        },
    )
    if prop.default is not None:
        element.set("default", prop.default)
    if prop.referenced_type:
        element.append(text("referencedType", prop.referenced_type))
    if prop.enum_values:
        filled(etree.SubElement(element, "enumValues"), (text("string", v) for v in prop.enum_values))
    return element


def permissions_element(permissions: Iterable[r.Permission]) -> etree._Element:
    """Return the permissions that can be granted."""
    root = etree.Element("collection")
    for permission in permissions:
        child = etree.SubElement(root, "permission", permissionName=permission.name, level=permission.level)
        if permission.root:
            child.set("root", permission.root)
    return root
