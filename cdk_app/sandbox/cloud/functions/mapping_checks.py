"""What Lambda refuses when a queue is mapped to a function, and MiniStack accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.permissions import roles
from cdk_app.sandbox.cloud.permissions.roles import Session
from cdk_app.sandbox.cloud.resources.types import register

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_app.sandbox.cloud.resources.types import Created, Properties

lambda_service = names("services.lambda_svc", functions=("_create_esm", "_get_func_record_for_ref"))
provisioners = names(
    "services.cloudformation.provisioners",
    functions=("_lambda_esm_create", "_lambda_esm_update", "_lambda_esm_delete"),
)
sqs = names("services.sqs", functions=("_queue_by_arn",))
responses = names("core.responses", functions=("error_response_json",))
_original_create = lambda_service._create_esm

NEEDED = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")


class RefusedError(ValueError):
    """The mapping would not work; the text is AWS's."""


def check(mapping: Mapping[str, Any]) -> None:
    """Refuse a mapping whose role may not read the queue, or whose messages would reappear too early.

    Raises
    ------
    RefusedError
        With AWS's text.
    """
    arn = mapping.get("EventSourceArn", "")
    queue = sqs._queue_by_arn(arn) if ":sqs:" in arn else None
    if queue is None:
        return
    _, configuration, function = lambda_service._get_func_record_for_ref(mapping["FunctionName"])
    if configuration is None:
        return
    visible, timeout = int(queue["attributes"]["VisibilityTimeout"]), int(configuration["Timeout"])
    if visible < timeout:
        raise RefusedError(
            f"Queue visibility timeout: {visible} seconds is less than Function timeout: {timeout} seconds"
        )
    session = Session(configuration["Role"], "lambda.amazonaws.com", function, configuration["FunctionArn"])
    for action in NEEDED:
        try:
            roles.check(session, f"sqs:{action}", arn)
        except roles.DeniedError as denied:
            raise RefusedError(
                f"The provided execution role does not have permissions to call {action} on SQS"
            ) from denied


def _create(data: dict[str, Any]) -> Any:  # noqa: ANN401 - MiniStack's response
    try:
        check(data)
    except RefusedError as error:
        return responses.error_response_json("InvalidParameterValueException", str(error), 400)
    return _original_create(data)


def _create_resource(logical_id: str, properties: Properties, stack: str) -> Created:
    check(properties)
    created: Created = provisioners._lambda_esm_create(logical_id, properties, stack)
    return created


def _update_resource(
    physical_id: str, old: Properties, new: Properties, stack: str, _logical_id: str
) -> Created:
    check(new)
    updated: Created = provisioners._lambda_esm_update(physical_id, old, new, stack)
    return updated


def _delete_resource(physical_id: str, properties: Properties) -> None:
    provisioners._lambda_esm_delete(physical_id, properties)


def install() -> None:
    """Check mappings of the API and of stacks."""
    lambda_service._create_esm = _create
    register("AWS::Lambda::EventSourceMapping", _create_resource, _delete_resource, _update_resource)
