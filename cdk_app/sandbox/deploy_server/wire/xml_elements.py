"""Small elements that all of Deploy's XML is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from cdk_app.sandbox.deploy_server.text import clean
from cdk_app.sandbox.deploy_server.wire.views import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


def list_of(children: Iterable[etree._Element]) -> etree._Element:
    """Return a list of elements."""
    return filled(etree.Element("list"), children)


def filled(element: etree._Element, children: Iterable[etree._Element]) -> etree._Element:
    """Return an element with children added."""
    element.extend(children)
    return element


def reference(name: str, ci_id: str, type_name: str | None = None) -> etree._Element:
    """Return an element that names an item."""
    element = etree.Element(name, ref=ci_id)
    if type_name is not None:
        element.set("type", type_name)
    return element


def entries_of(entries: Mapping[str, str]) -> Iterable[etree._Element]:
    """Return the entries of a map."""
    for key, value in entries.items():
        element = etree.Element("entry", key=clean(key))
        element.text = clean(value)
        yield element


def text(name: str, content: str) -> etree._Element:
    """Return an element with a text."""
    element = etree.Element(name)
    element.text = clean(content)
    return element


def add_dates(element: etree._Element, dates: Iterable[tuple[str, datetime | None]]) -> None:
    """Add the dates that are known."""
    for name, moment in dates:
        if moment is not None:
            element.append(text(name, timestamp(moment)))
