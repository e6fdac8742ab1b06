"""Finds the type definitions of plugins on disk."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.types.registry import TypeRegistry
from cdk_app.sandbox.deploy_server.types.synthetic import Synthetic, SyntheticError, parse_synthetic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BUILT_IN = Path(__file__).parent / "builtin" / "synthetic.xml"
_ARCHIVES = (".zip", ".jar", ".xldp")


def load_types(plugins: Iterable[Path | str] = ()) -> TypeRegistry:
    """Types of a server with the given plugins, built-in types first.

    Parameters
    ----------
    plugins
        Each a ``synthetic.xml``, a directory that has one, or a plugin archive (``.jar``, ``.zip``,
        ``.xldp``, an archive inside an archive included), in load order.

    Raises
    ------
    SyntheticError
        A plugin has no ``synthetic.xml`` or a wrong one.
    FileNotFoundError
        There is no such file.
    """
    sources = [parse_synthetic(BUILT_IN.read_bytes(), "built-in types")]
    for plugin in plugins:
        found = list(_definitions(Path(plugin)))
        if not found:
            raise SyntheticError(f"{plugin} holds no synthetic.xml")
        sources.extend(found)
    return TypeRegistry(sources)


def _definitions(path: Path) -> Iterator[Synthetic]:
    if path.is_dir():
        file = path / "synthetic.xml"
        if file.exists():
            yield parse_synthetic(file.read_bytes(), str(file))
    elif path.suffix in _ARCHIVES:
        yield from _archived(path.read_bytes(), path.name)
    else:
        yield parse_synthetic(path.read_bytes(), str(path))


def _archived(content: bytes, origin: str) -> Iterator[Synthetic]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if name == "synthetic.xml":
                yield parse_synthetic(archive.read(name), f"{origin}/{name}")
            elif name.endswith(_ARCHIVES):
                yield from _archived(archive.read(name), f"{origin}/{name}")
