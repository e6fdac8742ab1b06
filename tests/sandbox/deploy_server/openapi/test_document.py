from __future__ import annotations

import re

import schemathesis
from schemathesis.core.result import Err

from cdk_app.sandbox.deploy_server.openapi import description
from cdk_app.sandbox.deploy_server.openapi.operations import OPERATIONS
from cdk_app.sandbox.deploy_server.wire.app import ROUTES

FORM = ("POST", "/package/upload/{}")
LEGACY = "/task/"


def without_names(path: str) -> str:
    return re.sub(r"{[^}]*}", "{}", path)


def test_exactly_what_is_answered_is_described() -> None:
    described = {(operation.method.upper(), without_names(operation.path)) for operation in OPERATIONS}
    answered = {(endpoint.method, without_names(endpoint.path)) for endpoint in ROUTES}
    undescribed = {(method, path) for method, path in answered - described if not path.startswith(LEGACY)}
    assert described - answered == set()
    assert undescribed == {FORM}


def test_every_operation_can_be_read_by_a_tool() -> None:
    schema = schemathesis.openapi.from_dict(description())
    read = list(schema.get_all_operations())
    assert [result.err() for result in read if isinstance(result, Err)] == []
    assert len(read) == len(OPERATIONS)
