"""The server's values as JSON and back, types included."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.deploy_server.deployment.deltas import (
    ApplicationState,
    Delta,
    Operation,
    Specification,
)
from cdk_app.sandbox.deploy_server.deployment.model import Deployed, DeploymentKind
from cdk_app.sandbox.deploy_server.execution import actions
from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem, History, Secret
from cdk_app.sandbox.deploy_server.security.model import Role
from cdk_app.sandbox.deploy_server.tasks.model import Block, BlockState, Step, StepState, Task, TaskState

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.repository.cipher import Cipher

_CLASSES: dict[str, type[Any]] = {
    kept.__name__: kept
    for kept in (
        ApplicationState,
        Block,
        ConfigurationItem,
        Delta,
        Deployed,
        History,
        Role,
        Specification,
        Step,
        Task,
        actions.CheckConnection,
        actions.DeleteArtifact,
        actions.Pause,
        actions.RegisterDeployeds,
        actions.RunCommand,
        actions.TakeLocks,
        actions.UploadArtifact,
    )
}
_ENUMS: dict[str, type[Enum]] = {
    kept.__name__: kept for kept in (BlockState, DeploymentKind, Operation, StepState, TaskState)
}


def encode(value: Any, cipher: Cipher) -> Any:  # noqa: ANN401 - any value the server keeps
    """Return a value as the json module takes it; whatever is not plain names its type."""
    if value is None or type(value) in (str, int, bool, float):
        return value
    if isinstance(value, Secret):
        return {"secret": cipher.encrypt(value)}
    if isinstance(value, Enum):
        return {"enum": type(value).__name__, "value": value.value}
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    if isinstance(value, (tuple, list, set)):
        kind = type(value).__name__
        return {kind: [encode(item, cipher) for item in value]}
    if isinstance(value, dict):
        return {"map": {key: encode(item, cipher) for key, item in value.items()}}
    if is_dataclass(value) and type(value).__name__ in _CLASSES:
        content = {field.name: encode(getattr(value, field.name), cipher) for field in fields(value)}
        return {"class": type(value).__name__, "fields": content}
    raise TypeError(f"Values of type {type(value).__name__} are not kept")


def decode(value: Any, cipher: Cipher) -> Any:  # noqa: ANN401 - the opposite of encode, case by case
    """Return the value that was encoded."""
    if not isinstance(value, dict):
        return value
    match value:
        case {"secret": text}:
            return cipher.accept(text)
        case {"enum": name, "value": content}:
            return _ENUMS[name](content)
        case {"moment": text}:
            return datetime.fromisoformat(text)
        case {"tuple": items}:
            return tuple(decode(item, cipher) for item in items)
        case {"list": items}:
            return [decode(item, cipher) for item in items]
        case {"set": items}:
            return {decode(item, cipher) for item in items}
        case {"map": items}:
            return {key: decode(item, cipher) for key, item in items.items()}
        case {"class": name, "fields": content}:
            return _CLASSES[name](**{key: decode(item, cipher) for key, item in content.items()})
    raise ValueError("The data directory holds something that this version has not written")
