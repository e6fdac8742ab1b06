"""Packs the plugin for Digital.ai Deploy: ``python -m cdk_app.plugin_archive [DIRECTORY]``.

An ``.xldp`` is a zip with the plugin's jar, and those of its dependencies, at its root (the vendor's Gradle
plugin builds it so). The same source gives the same bytes: entries are sorted, dated 1980 and not compressed,
because the compressed form depends on the version of zlib.
"""

from __future__ import annotations

import io
import os
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_app.source import NOT_SOURCE, plugin_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["archive_name", "build_plugin", "main"]

_PROPERTIES = "plugin-version.properties"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100644 << 16
_UNIX = 3


def build_plugin(directory: Path, source: Path | None = None) -> Path:
    """Write the plugin's archive and return its path.

    Parameters
    ----------
    directory
        Where to write it; made if it is absent.
    source
        The plugin's source (- the one that belongs to this library).

    Raises
    ------
    ValueError
        If the source does not say its name and version.
    """
    source = source or plugin_source()
    content = dict(sorted(_files(source)))
    name = archive_name(content.get(_PROPERTIES, b"").decode())
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.xldp"
    path.write_bytes(_zip({f"{name}.jar": _zip(content)}))
    return path


def archive_name(properties: str) -> str:
    """Return ``<plugin>-<version>`` as the text of ``plugin-version.properties`` says."""
    pairs = dict(line.split("=", 1) for line in properties.splitlines() if "=" in line)
    if not pairs.get("plugin") or not pairs.get("version"):
        raise ValueError(
            f"{_PROPERTIES} of the plugin: got {sorted(pairs)}, expected plugin and version; write both there"
        )
    return f"{pairs['plugin'].strip()}-{pairs['version'].strip()}"


def main() -> None:
    """Build into the directory of the first argument, else into ``build``."""
    print(build_plugin(Path(sys.argv[1] if len(sys.argv) > 1 else "build")))  # noqa: T201 - a command line


def _files(source: Path) -> Iterator[tuple[str, bytes]]:
    for directory, subdirectories, names in os.walk(source):
        skipped = NOT_SOURCE(directory, [*subdirectories, *names])
        subdirectories[:] = [name for name in subdirectories if name not in skipped]
        for name in names:
            if name not in skipped:
                path = Path(directory, name)
                # Line ends as in the repository, whatever a checkout made of them.
                yield path.relative_to(source).as_posix(), path.read_bytes().replace(b"\r\n", b"\n")


def _zip(content: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = _REGULAR_FILE
            archive.writestr(entry, data)
    return packed.getvalue()


if __name__ == "__main__":
    main()
