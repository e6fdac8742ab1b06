"""Deployment packages (DAR files): a ZIP with ``deployit-manifest.xml`` and the contents of its artifacts."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from cdk_app.sandbox.deploy_server.errors import RefusedError

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.repository.model import Raw

MANIFEST = "deployit-manifest.xml"


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes of an artifact; a folder becomes a ZIP file."""

    file_name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class PackagedItem:
    """A deployable as the manifest describes it."""

    name: str
    type: str
    properties: dict[str, Raw]
    content: Content | None


@dataclass(frozen=True, slots=True)
class Package:
    """A version of an application.

    Attributes
    ----------
    application
        Name or path of the application, with or without ``Applications/``.
    """

    application: str
    version: str
    type: str
    properties: dict[str, Raw]
    deployables: tuple[PackagedItem, ...]


def read_package(archive: bytes) -> Package:
    """Read a package.

    Raises
    ------
    RefusedError
        It is no ZIP file, has no manifest, or the manifest is wrong.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            if MANIFEST not in files.namelist():
                raise RefusedError(f"The package has no {MANIFEST}")
            return _read(files)
    except zipfile.BadZipFile as error:
        raise RefusedError("The package is not a ZIP file") from error


def _read(files: zipfile.ZipFile) -> Package:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(files.read(MANIFEST), parser)
    except etree.XMLSyntaxError as error:
        raise RefusedError(f"{MANIFEST} is not XML: {error}") from error
    application, version = root.get("application"), root.get("version")
    if not application or not version:
        raise RefusedError(f"{MANIFEST} names no application or no version")
    deployables = root.find("deployables")
    return Package(
        application=application,
        version=version,
        type=root.tag,
        properties={child.tag: _property(child) for child in root if child.tag != "deployables"},
        deployables=tuple(_item(files, child) for child in (deployables if deployables is not None else ())),
    )


def _item(files: zipfile.ZipFile, element: etree._Element) -> PackagedItem:
    name, path = element.get("name"), element.get("file")
    if not name:
        raise RefusedError(f"A {element.tag} in {MANIFEST} has no name")
    return PackagedItem(
        name=name,
        type=element.tag,
        properties={child.tag: _property(child) for child in element},
        content=_content(files, path) if path else None,
    )


def _content(files: zipfile.ZipFile, path: str) -> Content:
    name = path.rstrip("/").rpartition("/")[2]
    if path in files.namelist() and not path.endswith("/"):
        return Content(name, files.read(path))
    prefix = path.rstrip("/") + "/"
    members = [info for info in files.infolist() if info.filename.startswith(prefix) and not info.is_dir()]
    if not members:
        raise RefusedError(f"The package has no file {path}")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as folder:
        for info in members:
            folder.writestr(info.filename[len(prefix) :], files.read(info))
    return Content(name, packed.getvalue())


def _property(element: etree._Element) -> Raw:
    """Return a value by its children: ``<value>`` or ``<ci>`` for lists, ``<entry>`` for maps, else text."""
    if len(element) == 0:
        return element.get("ref") or element.text or ""
    if element[0].tag == "entry":
        return {child.get("key") or "": child.text or "" for child in element}
    return [child.get("ref") or child.text or "" for child in element]
