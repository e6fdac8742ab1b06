"""JSON as Deploy reads it.

Facts: ``CiJsonReader`` and ``DeploymentJsonConverter`` of the vendor's Java client 4.5.1.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from cdk_app.sandbox.deploy_server.deployment.model import DeploymentDraft
from cdk_app.sandbox.deploy_server.errors import UnparsableError
from cdk_app.sandbox.deploy_server.repository.model import Draft

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_app.sandbox.deploy_server.repository.model import Raw

Json = Any  # the value types of the json module


def parse(body: bytes) -> Json:
    """Decode a body.

    Raises
    ------
    UnparsableError
        It is not JSON.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnparsableError(f"Cannot parse JSON: {error}") from error


def read_item(value: Json) -> Draft:
    """Return an item; keys that start with ``$`` are attributes, of which only the token matters.

    Raises
    ------
    UnparsableError
        Id or type are missing.
    """
    fields = _object(value, "a configuration item")
    ci_id, type_name, token = fields.get("id"), fields.get("type"), fields.get("$token")
    if not isinstance(ci_id, str) or not isinstance(type_name, str):
        raise UnparsableError("A configuration item needs an id and a type")
    properties = {
        name: cast("Raw", raw)
        for name, raw in fields.items()
        if name not in ("id", "type", "validation-messages") and not name.startswith("$")
    }
    return Draft(ci_id.strip("/"), type_name, properties, token if isinstance(token, str) else None)


def read_items(value: Json) -> list[Draft]:
    """Return a list of items."""
    return [read_item(item) for item in _array(value, "configuration items")]


def read_strings(value: Json, *keys: str) -> list[str]:
    """Return a list of texts, or an object that has it under one of the keys.

    Raises
    ------
    UnparsableError
        It is neither.
    """
    if isinstance(value, dict):
        value = next((value[key] for key in keys if key in value), value)
    values = _array(value, "texts")
    if not all(isinstance(item, str) for item in values):
        raise UnparsableError("Expected a list of texts")
    return [str(item) for item in values]


def read_deployment(value: Json) -> DeploymentDraft:
    """Return a Deployment object; only its type and application are needed.

    Raises
    ------
    UnparsableError
        One of them is missing (text of the vendor's ``DeploymentReader`` family).
    """
    fields = _object(value, "a deployment")
    for name in ("type", "application"):
        if name not in fields:
            raise UnparsableError(f"Missing '{name}' property in JSON:")
    deployeds = fields.get("deployeds") or []
    required = fields.get("requiredDeployments") or []
    return DeploymentDraft(
        id=fields["id"] if isinstance(fields.get("id"), str) else None,
        kind=str(fields["type"]),
        application=read_item(
            {"id": "", "type": "udm.DeployedApplication", **_object(fields["application"], "")}
        ),
        deployeds=tuple(
            read_item({"id": "", **_object(item, "a deployed")}) for item in _array(deployeds, "deployeds")
        ),
        required=tuple(read_deployment(item) for item in _array(required, "deployments")),
    )


def _object(value: Json, what: str) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise UnparsableError(f"Expected {what or 'an object'} in JSON")
    return value


def _array(value: Json, what: str) -> Sequence[Json]:
    if not isinstance(value, list):
        raise UnparsableError(f"Expected a list of {what} in JSON")
    return value
