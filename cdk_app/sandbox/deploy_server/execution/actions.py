"""What a step does, as data: a step survives a restart of the server and can be tested without a host."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_app.sandbox.deploy_server.repository.model import Secret


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Run a command line on a host; the step fails when its exit code is not 0."""

    host: str
    command: str


@dataclass(frozen=True, slots=True)
class UploadArtifact:
    """Copy the content of an artifact to a host.

    Attributes
    ----------
    checksum
        Which content.
    target
        Path of the file, or of the directory when the content is an archive to unpack.
    placeholders
        Values that replace ``{{name}}`` in text.
    create_directory
        Whether the directory is made when it is missing.
    unpack
        Whether the content is a ZIP file whose members are copied.
    """

    host: str
    checksum: str
    target: str
    placeholders: Mapping[str, str | Secret] = field(default_factory=dict, repr=False)
    create_directory: bool = False
    unpack: bool = False


@dataclass(frozen=True, slots=True)
class DeleteArtifact:
    """Remove from a host what `UploadArtifact` put there.

    Attributes
    ----------
    members
        Files below the target that go; empty when the target itself goes.
    """

    host: str
    target: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckConnection:
    """Connect to a host, copy a file there and remove it."""

    host: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop the task here until it is started again."""


@dataclass(frozen=True, slots=True)
class TakeLocks:
    """Take the locks of items, or pause the task.

    Attributes
    ----------
    attempts, interval
        How often to try again, and after how many seconds.
    """

    ids: tuple[str, ...]
    attempts: int = 0
    interval: float = 30.0


@dataclass(frozen=True, slots=True)
class RegisterDeployeds:
    """Write the outcome of one application's deployment into the repository.

    Attributes
    ----------
    application
        Id of the DeployedApplication.
    """

    application: str


Action: TypeAlias = (
    RunCommand | UploadArtifact | DeleteArtifact | CheckConnection | Pause | TakeLocks | RegisterDeployeds
)
