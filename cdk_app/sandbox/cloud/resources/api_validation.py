"""``AWS::ApiGateway::RequestValidator`` and the validator of ``AWS::ApiGateway::Method``.

MiniStack checks requests against parameters and models, but its template path stores no validator and drops
the method's reference to one, so every request of a deployed API would pass.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.resources.types import register

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.resources.types import Created, Properties

apigateway = names(
    "services.apigateway_v1",
    functions=("_create_request_validator", "_delete_request_validator"),
    stores=("_request_validators", "_resources"),
)
provisioners = names(
    "services.cloudformation.provisioners",
    functions=("_apigw_method_create", "_apigw_method_update", "_apigw_method_delete"),
)


def _flags(properties: Properties) -> dict[str, Any]:
    wanted = ("ValidateRequestBody", "ValidateRequestParameters")
    return {name[0].lower() + name[1:]: str(properties.get(name, False)).lower() == "true" for name in wanted}


def _create_validator(logical_id: str, properties: Properties, _stack: str) -> Created:
    data = {"name": properties.get("Name", logical_id), **_flags(properties)}
    _, _, body = apigateway._create_request_validator(properties["RestApiId"], data)
    validator_id = json.loads(body)["id"]
    return validator_id, {"RequestValidatorId": validator_id}


def _update_validator(
    physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str
) -> Created:
    if any(old.get(name) != new.get(name) for name in ("RestApiId", "Name")):
        return _create_validator(logical_id, new, stack)
    apigateway._request_validators[new["RestApiId"]][physical_id].update(_flags(new))
    return physical_id, {"RequestValidatorId": physical_id}


def _delete_validator(physical_id: str, properties: Properties) -> None:
    apigateway._delete_request_validator(properties["RestApiId"], physical_id)


def _refer(properties: Properties) -> None:
    resource = apigateway._resources[properties["RestApiId"]][properties["ResourceId"]]
    method = resource["resourceMethods"][properties["HttpMethod"]]
    method["requestValidatorId"] = properties.get("RequestValidatorId")


def _create_method(logical_id: str, properties: Properties, stack: str) -> Created:
    created: Created = provisioners._apigw_method_create(logical_id, properties, stack)
    _refer(properties)
    return created


def _update_method(
    physical_id: str, old: Properties, new: Properties, stack: str, _logical_id: str
) -> Created:
    updated: Created = provisioners._apigw_method_update(physical_id, old, new, stack)
    _refer(new)
    return updated


def _delete_method(physical_id: str, properties: Properties) -> None:
    provisioners._apigw_method_delete(physical_id, properties)


def install() -> None:
    """Replace both types."""
    register("AWS::ApiGateway::RequestValidator", _create_validator, _delete_validator, _update_validator)
    register("AWS::ApiGateway::Method", _create_method, _delete_method, _update_method)
