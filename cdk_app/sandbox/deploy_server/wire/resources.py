"""What handlers return; the codecs know how each is written in JSON and in XML.

Besides these, handlers return domain objects: items, deployments, tasks, descriptors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cdk_app.sandbox.deploy_server.deployment.model import Deployment
from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem
from cdk_app.sandbox.deploy_server.repository.service import Stored
from cdk_app.sandbox.deploy_server.tasks.model import Step, Task
from cdk_app.sandbox.deploy_server.types import Descriptor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_app.sandbox.deploy_server.repository.model import Draft, ValidationMessage
    from cdk_app.sandbox.deploy_server.tasks.model import Block


@dataclass(frozen=True, slots=True)
class Checked:
    """An item as the client sent it, with what was found."""

    draft: Draft
    messages: Sequence[ValidationMessage]


@dataclass(frozen=True, slots=True)
class Items:
    """A list of items."""

    items: Sequence[ConfigurationItem | Stored | Checked]


@dataclass(frozen=True, slots=True)
class References:
    """A list of ids and types, the answer of a query."""

    items: Sequence[ConfigurationItem]


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    value: bool


@dataclass(frozen=True, slots=True)
class TaskId:
    """Id of a task that was created: an object in JSON, bare text otherwise (both attested)."""

    value: str


@dataclass(frozen=True, slots=True)
class Strings:
    """A list of texts."""

    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class Entries:
    """A map of texts."""

    entries: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Grants:
    """Permissions by the id of the item they are granted on."""

    grants: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Tasks:
    """A list of tasks."""

    tasks: Sequence[Task]


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block with its steps, or without, as inside a task."""

    block: Block
    steps: bool


@dataclass(frozen=True, slots=True)
class Descriptors:
    """A list of types."""

    descriptors: Sequence[Descriptor]


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission that can be granted."""

    name: str
    level: str
    root: str | None


@dataclass(frozen=True, slots=True)
class PermissionList:
    """All permissions."""

    permissions: Sequence[Permission]


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Version and plugins."""

    version: str
    plugins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ServerState:
    """``RUNNING`` or ``MAINTENANCE``."""

    mode: str


@dataclass(frozen=True, slots=True)
class UserView:
    """A user; the password is never given."""

    name: str
    admin: bool


Resource: TypeAlias = (
    ConfigurationItem
    | Stored
    | Checked
    | Items
    | References
    | Flag
    | TaskId
    | Strings
    | Entries
    | Grants
    | Deployment
    | Task
    | Tasks
    | BlockView
    | Step
    | Descriptor
    | Descriptors
    | PermissionList
    | ServerInfo
    | ServerState
    | UserView
)
