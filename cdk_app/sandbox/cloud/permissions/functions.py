"""Functions call AWS as the session of their execution role."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.auto_scaling import records
from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.permissions import roles
from cdk_app.sandbox.cloud.permissions.roles import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

app = names("app", functions=("_dispatch_service_request", "_routing_params"))
actions = names(
    "core.iam_actions",
    functions=(
        "access_denied_response",
        "dynamodb_resource_arns",
        "extract_iam_action",
        "extract_resource_arn",
        "request_tag_context",
    ),
)
router = names("core.router", functions=("detect_service", "extract_access_key_id", "extract_region"))
runtime = names("core.lambda_runtime", functions=("execution_credentials",))
sts = names("services.sts", functions=("register_session",))
responses = names("core.responses", functions=("get_account_id", "get_region"))
_original_dispatch = app._dispatch_service_request

WITHOUT_RESOURCE = re.compile(r"(autoscaling|ec2):Describe\w+$")
"""Actions that AWS evaluates against ``*`` only (service authorization reference)."""

_sessions: dict[str, Session] = {}
"""By access key."""


def credentials(configuration: Mapping[str, Any]) -> dict[str, str]:
    """Return the credentials that a function finds in its environment."""
    role, function = str(configuration.get("Role", "")), str(configuration["FunctionName"])
    digest = hashlib.sha256(f"{configuration['FunctionArn']} {role}".encode()).hexdigest()
    access_key = f"ASIA{digest[:16].upper()}"
    account = str(configuration["FunctionArn"]).split(":")[4]
    name = role.rsplit("/", 1)[-1]
    sts.register_session(access_key, {"Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{function}"})
    _sessions[access_key] = Session(role, "lambda.amazonaws.com", function, configuration["FunctionArn"])
    return {
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": digest[16:56],
        "AWS_SESSION_TOKEN": f"session-{digest[56:]}",
    }


def resources(action: str, named: str, service: str, body: bytes) -> list[str]:
    """Return the ARNs that an action has to be allowed on.

    Parameters
    ----------
    named
        What MiniStack reads out of the request: one ARN, or ``*``.
    """
    if WITHOUT_RESOURCE.match(action):
        return ["*"]
    region, account = responses.get_region(), responses.get_account_id()
    if service == "autoscaling" and ":autoScalingGroupName/" in named:
        view = records.view(named.split(":autoScalingGroupName/", 1)[1])
        return [view.arn if view else named]
    if service == "dynamodb":
        return list(actions.dynamodb_resource_arns(body, region, account)) or [named]
    if service == "ssm" and named == "*":
        asked = json.loads(body or b"{}")
        paths = [*asked.get("Names", []), *([asked["Path"]] if "Path" in asked else [])]
        return [f"arn:aws:ssm:{region}:{account}:parameter/{path.lstrip('/')}" for path in paths] or ["*"]
    return [named]


async def _dispatch(
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: dict[str, list[str]],
    request_id: str,
) -> Any:  # noqa: ANN401 - MiniStack's response
    caller = _sessions.get(router.extract_access_key_id(headers, query_params) or "")
    if caller is not None:
        parameters = app._routing_params(method, path, headers, body, query_params)
        service = router.detect_service(method, path, headers, parameters)
        action = actions.extract_iam_action(service, method, path, headers, body, parameters)
        if action is not None:
            region, account = router.extract_region(headers), responses.get_account_id()
            named = actions.extract_resource_arn(
                service, method, path, headers, body, parameters, region, account
            )
            context = actions.request_tag_context(service, action, body, parameters)
            for resource in resources(action, named, service, body):
                try:
                    roles.check(caller, action, resource, context)
                except roles.DeniedError as denied:
                    return actions.access_denied_response(
                        service,
                        action,
                        denied.principal,
                        request_id,
                        headers=headers,
                        resource_arn=resource,
                        explicit_deny=denied.explicit,
                    )
    return await _original_dispatch(method, path, headers, body, query_params, request_id)


def install() -> None:
    """Give functions credentials of their own, and check what comes with them."""
    runtime.execution_credentials = credentials
    app._dispatch_service_request = _dispatch
