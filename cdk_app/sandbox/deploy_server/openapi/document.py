"""The OpenAPI document, put together from the rows and the schemas."""

from __future__ import annotations

import re
from http import HTTPStatus

from cdk_app.sandbox.deploy_server.openapi.operations import OPERATIONS, Operation
from cdk_app.sandbox.deploy_server.openapi.schemas import NUMBER, SCHEMAS, TEXT, TEXTS, Schema, ref

_REFUSALS: Schema = {
    "4XX": {"description": "Refused; the body is a text", "content": {"text/plain": {"schema": TEXT}}},
}
_REPEATED = {"deployables"}


def description(server: str = "/deployit") -> Schema:
    """Put the document together.

    Parameters
    ----------
    server
        URL of the API, up to and including ``/deployit``.
    """
    paths: Schema = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Deploy stand-in",
            "version": "1",
            "description": "The part of Digital.ai Deploy's REST API that the stand-in models, in JSON.",
        },
        "servers": [{"url": server}],
        "security": [{"basic": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
            "schemas": dict(SCHEMAS),
        },
    }


def _operation(operation: Operation) -> Schema:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": TEXT}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    parameters += [_query_parameter(text) for text in operation.query]
    described: Schema = {
        "summary": operation.summary,
        "operationId": f"{operation.method} {operation.path}",
        "responses": {**_answer(operation.answer), **_REFUSALS},
    }
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": ref(operation.body)}},
        }
    return described


def _query_parameter(text: str) -> Schema:
    name, _, kind = text.rstrip("!").partition(":")
    schema = TEXTS if name in _REPEATED else NUMBER if kind == "int" else TEXT
    return {"name": name, "in": "query", "required": text.endswith("!"), "schema": schema}


def _answer(name: str | None) -> Schema:
    if name is None:
        return {str(HTTPStatus.NO_CONTENT.value): {"description": "Done"}}
    content = {"application/json": {"schema": ref(name)}}
    return {str(HTTPStatus.OK.value): {"description": "The answer", "content": content}}
