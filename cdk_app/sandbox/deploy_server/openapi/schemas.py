"""JSON schemas of what travels: items, references, deployments, tasks, descriptors, permissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = "dict[str, Any]"

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "integer"}
STAMP: Schema = {"type": "string", "description": "yyyy-MM-dd'T'HH:mm:ss.SSSZ, no colon in the offset"}
TEXTS: Schema = {"type": "array", "items": TEXT}
TEXT_MAP: Schema = {"type": "object", "additionalProperties": TEXT}


def ref(name: str) -> Schema:
    """Refer to a schema of this module."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(name: str) -> Schema:
    """Array of a schema of this module."""
    return {"type": "array", "items": ref(name)}


def _object(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


_VALUE: Schema = {
    "description": "By kind: text, number, flag, id, list of texts or ids, entries, null for unset",
    "anyOf": [
        TEXT,
        NUMBER,
        FLAG,
        {"type": "null"},
        TEXT_MAP,
        {"type": "array", "items": {"anyOf": [TEXT, ref("WrittenReference")]}},
    ],
}

SCHEMAS: Mapping[str, Schema] = {
    "ConfigurationItem": {
        **_object(
            {"id": TEXT, "type": TEXT},
            {
                "$token": {**TEXT, "description": "Version that was read; without it the last writer wins"},
                "$createdBy": TEXT,
                "$createdAt": STAMP,
                "$lastModifiedBy": TEXT,
                "$lastModifiedAt": STAMP,
                "validation-messages": list_of("ValidationMessage"),
            },
        ),
        "additionalProperties": _VALUE,
    },
    "WrittenReference": _object({"ci-ref": TEXT}),
    "ValidationMessage": _object({"ci": TEXT, "message": TEXT}, {"property": TEXT, "level": TEXT}),
    "Reference": _object({"ref": TEXT, "type": TEXT}),
    "TypedId": _object({"ci": TEXT, "type": TEXT}),
    "Boolean": _object({"boolean": FLAG}),
    "String": _object({"string": TEXT}),
    "Deployment": _object(
        {
            "type": {"enum": ["INITIAL", "UPDATE", "UNDEPLOYMENT"]},
            "application": ref("ConfigurationItem"),
            "deployeds": list_of("ConfigurationItem"),
        },
        {
            "id": TEXT,
            "deployables": list_of("TypedId"),
            "containers": list_of("TypedId"),
            "requiredDeployments": {"anyOf": [list_of("Deployment"), {"type": "null"}]},
            "deploymentGroupIndex": {"type": ["integer", "null"]},
        },
    ),
    "Step": _object(
        {"state": TEXT, "failures": NUMBER, "description": TEXT},
        {"startDate": STAMP, "completionDate": STAMP, "log": TEXT, "metadata": TEXT_MAP},
    ),
    "Block": _object(
        {"id": TEXT, "state": TEXT, "description": TEXT},
        {
            "parallel": FLAG,
            "blocks": {"type": "array", "items": {"type": "object"}},
            "currentStep": NUMBER,
            "steps": list_of("Step"),
        },
    ),
    "Task": _object(
        {
            "id": TEXT,
            "state": TEXT,
            "owner": TEXT,
            "failures": NUMBER,
            "description": TEXT,
            "metadata": TEXT_MAP,
        },
        {
            "startDate": STAMP,
            "completionDate": STAMP,
            "scheduledDate": STAMP,
            "activeBlocks": TEXTS,
            "block": ref("Block"),
        },
    ),
    "Descriptor": _object(
        {
            "type": TEXT,
            "virtual": FLAG,
            "properties": {"type": "array"},
            "interfaces": TEXTS,
            "superTypes": TEXTS,
        }
    ),
    "Descriptors": list_of("Descriptor"),
    "Permissions": list_of("Permission"),
    "ServerInfo": _object(
        {
            "version": TEXT,
            "pluginsInfo": {"type": "array", "items": _object({"plugin": TEXT, "version": TEXT})},
            "classpathEntries": TEXTS,
        }
    ),
    "ServerState": _object({"current-mode": {"enum": ["RUNNING", "MAINTENANCE"]}}),
    "Applications": {"type": "array", "items": _object({"id": TEXT, "type": TEXT})},
    "Report": {
        "type": "array",
        "items": _object({"taskId": TEXT, "status": TEXT, "type": TEXT, "user": TEXT, "environmentId": TEXT}),
    },
    "Permission": _object({"level": TEXT, "permissionName": TEXT}, {"root": TEXT}),
    "User": _object({"username": TEXT}, {"password": TEXT, "admin": FLAG}),
    "Control": _object(
        {"method": TEXT, "controllable": ref("ConfigurationItem")},
        {"parameters": {"type": ["object", "null"]}},
    ),
    "Ids": TEXTS,
    "Items": list_of("ConfigurationItem"),
    "References": list_of("Reference"),
    "Tasks": list_of("Task"),
    "Texts": TEXTS,
    "TextMap": TEXT_MAP,
    "Grants": {"type": "object", "additionalProperties": TEXTS},
}
