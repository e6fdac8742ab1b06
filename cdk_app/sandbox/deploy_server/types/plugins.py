"""Finds the type definitions of plugins on disk."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.types.registry import TypeRegistry
from cdk_app.sandbox.deploy_server.types.synthetic import SyntheticError, parse_synthetic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BUILT_IN = Path(__file__).parent / "builtin" / "synthetic.xml"
_TYPES = "synthetic.xml"
_PARTS = (_TYPES, "xl-rest-endpoints.xml", "xl-rules.xml")
_ARCHIVES = (".zip", ".jar", ".xldp")


def load_types(plugins: Iterable[Path | str] = ()) -> TypeRegistry:
    """Types of a server with the given plugins, built-in types first.

    Parameters
    ----------
    plugins
        Each a ``synthetic.xml``, a plugin's directory, or a plugin archive (``.jar``, ``.zip``, ``.xldp``, an
        archive inside an archive included), in load order. A plugin may have no types.

    Raises
    ------
    SyntheticError
        A definition is wrong, or a directory or archive is no plugin.
    FileNotFoundError
        There is no such file.
    """
    sources = [parse_synthetic(BUILT_IN.read_bytes(), "built-in types")]
    for plugin in map(Path, plugins):
        parts = list(_parts(plugin))
        if not parts:
            raise SyntheticError(f"{plugin} holds none of {', '.join(sorted(_PARTS))}")
        sources.extend(parse_synthetic(part.content, part.origin) for part in parts if part.is_types)
    return TypeRegistry(sources)


@dataclass(frozen=True, slots=True)
class _Part:
    """A file that a server looks for in plugins."""

    name: str
    origin: str
    content: bytes

    @property
    def is_types(self) -> bool:
        return self.name == _TYPES


def _parts(path: Path) -> Iterator[_Part]:
    if path.is_dir():
        for name in _PARTS:
            file = path / name
            if file.exists():
                yield _Part(name, str(file), file.read_bytes())
    elif path.suffix in _ARCHIVES:
        yield from _archived(path.read_bytes(), path.name)
    else:
        yield _Part(_TYPES, str(path), path.read_bytes())


def _archived(content: bytes, origin: str) -> Iterator[_Part]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if name in _PARTS:
                yield _Part(name, f"{origin}/{name}", archive.read(name))
            elif name.endswith(_ARCHIVES):
                yield from _archived(archive.read(name), f"{origin}/{name}")
