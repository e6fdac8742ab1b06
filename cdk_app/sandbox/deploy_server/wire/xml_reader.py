"""XML as Deploy reads it; external entities are never resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from cdk_app.sandbox.deploy_server.deployment.model import DeploymentDraft
from cdk_app.sandbox.deploy_server.errors import RefusedError, UnparsableError
from cdk_app.sandbox.deploy_server.repository.model import Draft
from cdk_app.sandbox.deploy_server.types import Kind

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.repository.model import Raw
    from cdk_app.sandbox.deploy_server.types import PropertyDescriptor, TypeRegistry

_MESSAGES = "validation-messages"


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
