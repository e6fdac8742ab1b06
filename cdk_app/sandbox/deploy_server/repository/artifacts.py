"""Contents of artifacts, kept by checksum."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.repository.placeholders import placeholders_in

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem

INTERNAL = "internal:"
_TEXT_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Artifact:
    """Content of one artifact.

    Attributes
    ----------
    members
        Paths of the files inside, if the content is a ZIP file.
    """

    checksum: str
    file_name: str
    members: tuple[str, ...] = field(default=(), repr=False)


class ArtifactStore:
    """Keeps contents in memory, or in a directory that outlives the server.

    Parameters
    ----------
    directory
        Where to keep them, ``None`` for memory.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._contents: dict[str, bytes] = {}
        self._members: dict[str, tuple[str, ...]] = {}
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)

    def add(self, content: bytes) -> str:
        """Keep a content and return its checksum (SHA-1, as on the real server)."""
        checksum = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        if self._directory is None:
            self._contents[checksum] = content
        else:
            (self._directory / checksum).write_bytes(content)
        return checksum

    def content(self, checksum: str) -> bytes:
        """Return a content that was added.

        Raises
        ------
        FileNotFoundError
            It was not.
        """
        if self._directory is not None:
            return (self._directory / checksum).read_bytes()
        if checksum not in self._contents:
            raise FileNotFoundError(f"No artifact content with checksum {checksum}")
        return self._contents[checksum]

    def of(self, item: ConfigurationItem | None) -> Artifact | None:
        """Return the artifact of a deployable, ``None`` if it has no content here."""
        if item is None:
            return None
        uri, checksum = item.properties.get("fileUri"), item.properties.get("checksum")
        if not isinstance(uri, str) or not uri.startswith(INTERNAL) or not isinstance(checksum, str):
            return None
        if checksum not in self._members:
            self._members[checksum] = _members(self.content(checksum))
        return Artifact(checksum, uri[len(INTERNAL) :], self._members[checksum])


def scan(content: bytes) -> list[str]:
    """Placeholders in a text content; binary and very large contents have none."""
    if len(content) > _TEXT_LIMIT or b"\0" in content:
        return []
    return placeholders_in(content.decode("utf-8", "replace"))


def _members(content: bytes) -> tuple[str, ...]:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return ()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return tuple(info.filename for info in archive.infolist() if not info.is_dir())
