"""Unpacks the endpoints and scripts of plugins."""

from __future__ import annotations

import io
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable

ENDPOINTS = "xl-rest-endpoints.xml"
METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})
_ARCHIVES = (".zip", ".jar", ".xldp")


class EndpointError(ValueError):
    """An ``xl-rest-endpoints.xml`` that a server would refuse at start-up."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path below ``/api/extension``, and the script that answers there."""

    method: str
    path: str
    script: str


def unpack(plugins: Iterable[Path], root: Path) -> tuple[Endpoint, ...]:
    """Unpack plugins into one directory, the root of their scripts, and return all endpoints.

    Parameters
    ----------
    plugins
        Each an archive, a directory, or a single file (which has no endpoints).

    Raises
    ------
    EndpointError
        A plugin's ``xl-rest-endpoints.xml`` is wrong, or names a script that is not there.
    """
    found: list[Endpoint] = []
    for plugin in plugins:
        (root / ENDPOINTS).unlink(missing_ok=True)
        if plugin.is_dir():
            shutil.copytree(plugin, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        elif plugin.suffix in _ARCHIVES:
            _extract(plugin.read_bytes(), root)
        file = root / ENDPOINTS
        if file.exists():
            found.extend(parse_endpoints(file.read_bytes(), f"{plugin}/{ENDPOINTS}"))
    for endpoint in found:
        if not (root / endpoint.script).is_file():
            raise EndpointError(f"endpoint {endpoint.path}: no script {endpoint.script} in any plugin")
    return tuple(found)


def parse_endpoints(content: bytes, origin: str) -> tuple[Endpoint, ...]:
    """Read one ``xl-rest-endpoints.xml``.

    Parameters
    ----------
    origin
        Name used in error texts.

    Raises
    ------
    EndpointError
        The file is not XML, or an endpoint lacks its path or script or has an unknown method.
    """
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise EndpointError(f"{origin}: not XML: {error}") from error
    found = []
    for element in root:
        path, script = element.get("path"), element.get("script")
        method = element.get("method", "GET")
        if not path or not script:
            raise EndpointError(f"{origin}: the endpoint at line {element.sourceline} needs path and script")
        if method not in METHODS:
            raise EndpointError(f"{origin}: endpoint {path} has the unknown method {method}")
        found.append(Endpoint(method, "/" + path.strip("/"), script))
    return tuple(found)


def _extract(content: bytes, root: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if name.endswith(_ARCHIVES):
                _extract(archive.read(name), root)
            else:
                archive.extract(name, root)
