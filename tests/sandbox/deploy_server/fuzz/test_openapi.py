"""The stand-in under requests made from its own description: it never fails, and answers as described.

The statuses that Deploy is known to answer above 499 are 500 for a body that is no XML, and 503 in
maintenance mode; neither can come up here, so every 5xx is a defect.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cdk_app.sandbox.deploy_server import DeployServer
from cdk_app.sandbox.deploy_server.openapi.operations import OPERATIONS, Operation

Json: TypeAlias = Any  # the value types of the json module
ADMIN = ("admin", "admin")
JSON = {"Accept": "application/json"}
ITEMS: list[dict[str, Any]] = [
    {"id": "Infrastructure/host", "type": "overthere.LocalHost", "os": "UNIX"},
    {"id": "Environments/env", "type": "udm.Environment", "members": ["Infrastructure/host"]},
    {"id": "Applications/app", "type": "udm.Application"},
    {"id": "Applications/app/1", "type": "udm.DeploymentPackage"},
    {"id": "Applications/app/1/run", "type": "cmd.Command", "commandLine": "true"},
]
IDS = [str(item["id"]) for item in ITEMS] + [
    "Environments/env/app",
    "Infrastructure",
    "Environments/new",
    "global",
]
TYPES = [str(item["type"]) for item in ITEMS] + ["overthere.SshHost", "core.Directory", "udm.Container"]
KNOWN: dict[str, list[str]] = {
    **dict.fromkeys(("id", "environment", "version", "application", "deployedApplication", "newId"), IDS),
    **dict.fromkeys(("parent", "ancestor", "container", "deployable", "deployables"), IDS),
    **dict.fromkeys(("type", "deployedtype"), TYPES),
    "path": ["0", "0_1", "0_1_1", "0_1_1_1", "0_2_1_1"],
    "propertyName": ["members", "jumpstation", "entries"],
    "permission": ["read", "deploy%23initial", "admin"],
    "namePattern": ["%", "app%", "_"],
}
NUMBER_OF_EXAMPLES = 5
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def small(schema: Json) -> Json:
    """The schema with short lists and few properties: large bodies take long to make and find no more."""
    if isinstance(schema, list):
        return [small(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    limits = {"array": {"maxItems": 2}, "object": {"maxProperties": 9}}.get(str(schema.get("type")), {})
    return {**limits, **{key: small(value) for key, value in schema.items()}}


def within_reach(document: dict[str, Any], task: str) -> dict[str, Any]:
    """The description with parameters and items that often name something that exists, and short bodies."""
    known = {**KNOWN, "taskId": [task]}
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if names := known.get(parameter["name"]):
                    parameter["schema"] = {"anyOf": [{"enum": names}, parameter["schema"]]}
    schemas = document["components"]["schemas"]
    bodies = json.loads(json.dumps(schemas).replace("/schemas/", "/schemas/Sent"))
    item = bodies["ConfigurationItem"]["properties"]
    item["id"] = {"anyOf": [{"enum": IDS}, {"type": "string"}]}
    item["type"] = {"anyOf": [{"enum": TYPES}, {"type": "string"}]}
    bodies["Deployment"]["properties"]["requiredDeployments"] = {"type": "null"}
    schemas.update({f"Sent{name}": small(schema) for name, schema in bodies.items()})
    for operations in document["paths"].values():
        for operation in operations.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["schema"] = {"$ref": content["schema"]["$ref"].replace("/schemas/", "/schemas/Sent")}
    return document


@pytest.fixture(scope="module")
def api() -> Iterator[schemathesis.BaseSchema]:
    """The description of a server that has a little of everything."""
    with DeployServer() as server:
        session = requests.Session()
        session.auth = ADMIN
        session.headers["Accept"] = "application/json"
        session.headers["Content-Type"] = "application/json"

        def send(method: str, path: str, body: str | None = None) -> requests.Response:
            answer = session.request(method, f"{server.url}/{path}", data=body, timeout=10)
            answer.raise_for_status()
            return answer

        send("POST", "repository/cis", json.dumps(ITEMS))
        prepared = send(
            "GET", "deployment/prepare/initial?version=Applications/app/1&environment=Environments/env"
        )
        mapped = send("POST", "deployment/prepare/deployeds", prepared.text)
        task = send("POST", "deployment", mapped.text).json()["string"]
        document = session.get(server.url.removesuffix("/deployit") + "/openapi.json", timeout=10).json()
        schema = schemathesis.openapi.from_dict(within_reach(document, task))
        schema.config.update(base_url=server.url)
        yield schema


@pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}"
)
def test_the_server_answers_as_described(api: schemathesis.BaseSchema, operation: Operation) -> None:
    described = api[operation.path][operation.method]

    @given(case=st.one_of([described.as_strategy(generation_mode=mode) for mode in GenerationMode]))
    @settings(
        max_examples=NUMBER_OF_EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def requests_of_all_kinds(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(auth=ADMIN, headers=JSON, checks=CHECKS)

    requests_of_all_kinds()
