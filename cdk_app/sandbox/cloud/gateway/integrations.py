"""Integrations that MiniStack answers differently from AWS: SQS, HTTP and MOCK."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.gateway import calls, templates
from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.permissions import roles
from cdk_app.sandbox.cloud.permissions.roles import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_app.sandbox.cloud.gateway.calls import Call

    Answer = tuple[int, dict[str, str], bytes]

apigateway = names(
    "services.apigateway_v1",
    functions=("_invoke_sqs_v1", "_invoke_http_proxy_v1", "_invoke_mock_v1", "_service_integration_response"),
)
_original_sqs = apigateway._invoke_sqs_v1
_original_mock = apigateway._invoke_mock_v1

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
TIMEOUT_SECONDS = 29.0
"""The longest that a REST API waits for its integration by default."""

UNREACHABLE: Answer = (
    504,
    {"Content-Type": JSON},
    b'{"message": "Network error communicating with endpoint"}',
)


def parameter(call: Call, source: str) -> str:
    """Return the value of a request parameter mapping's right side.

    Parameters
    ----------
    call
        The request.
    source
        A static value in quotes, ``method.request.path|querystring|header.NAME``, ``context.NAME`` or
        ``stageVariables.NAME``.
    """
    if source.startswith("'"):
        return source.strip("'")
    where, _, name = source.rpartition(".")
    values: Mapping[str, Any] = {
        "method.request.path": call.path_parameters,
        "method.request.querystring": {key: value[-1] for key, value in call.query.items() if value},
        "method.request.header": {key.lower(): value for key, value in call.headers.items()},
        "context": call.context,
        "stageVariables": call.stage_variables,
    }.get(where, {})
    return str(values.get(name.lower() if where.endswith("header") else name, ""))


def mapped(call: Call, parameters: Mapping[str, str], where: str) -> dict[str, str]:
    """Return the integration's parameters of one place, ``path``, ``querystring`` or ``header``."""
    prefix = f"integration.request.{where}."
    return {
        name.removeprefix(prefix): parameter(call, source)
        for name, source in parameters.items()
        if name.startswith(prefix)
    }


def http_request(call: Call, integration: Mapping[str, Any]) -> urllib.request.Request:
    """Build the request of an ``HTTP`` or ``HTTP_PROXY`` integration.

    Only a proxy passes on the caller's headers and query string; the other sends what the mappings say.
    """
    proxy = integration["type"] == "HTTP_PROXY"
    parameters = integration.get("requestParameters") or {}
    path = {**(call.path_parameters if proxy else {}), **mapped(call, parameters, "path")}
    query = [(name, v) for name, values in call.query.items() for v in values] if proxy else []
    query += mapped(call, parameters, "querystring").items()
    uri = re.sub(
        r"\{(\w+)\+?\}", lambda m: urllib.parse.quote(path.get(m[1], ""), safe="/"), integration["uri"]
    )
    if query:
        uri += ("&" if "?" in uri else "?") + urllib.parse.urlencode(query)
    kept = ("content-type", "accept") if not proxy else tuple(call.headers)
    headers = {
        name: value
        for name, value in call.headers.items()
        if name.lower() in kept
        and name.lower() not in {"host", "content-length", "authorization", "connection"}
    }
    headers |= mapped(call, parameters, "header")
    method = integration.get("httpMethod") or call.method
    body = call.body if proxy else _body(call, integration)
    data = body.encode() if body and method not in {"GET", "HEAD"} else None
    # The address is the template's; the sandbox only ever deploys its own.
    return urllib.request.Request(uri, data, headers, method=method)  # noqa: S310 - see above


def _body(call: Call, integration: Mapping[str, Any]) -> str:
    content_type = call.headers.get("content-type", JSON).split(";")[0].strip().lower()
    template = (integration.get("requestTemplates") or {}).get(content_type)
    return call.body if template is None else templates.render(template, call.body, call)


async def _http(integration: dict[str, Any], *_arguments: object) -> Any:  # noqa: ANN401 - MiniStack's response
    call = calls.current.get()
    request = http_request(call, integration)
    try:
        status, content_type, body = await asyncio.to_thread(_send, request)
    except OSError:
        return UNREACHABLE
    if integration["type"] == "HTTP_PROXY":
        return status, {"Content-Type": content_type}, body
    text = body.decode(errors="replace")
    return apigateway._service_integration_response(integration, status, text, JSON, {})


def _send(request: urllib.request.Request) -> tuple[int, str, bytes]:
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
            return response.status, response.headers.get("Content-Type", JSON), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Content-Type", JSON), error.read()


async def _sqs(integration: dict[str, Any], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - MiniStack's
    """Refuse what SQS would refuse, then let MiniStack send the message."""
    call = calls.current.get()
    sent_as = mapped(call, integration.get("requestParameters") or {}, "header").get("Content-Type", JSON)
    session = Session(
        integration.get("credentials") or "", "apigateway.amazonaws.com", "BackplaneAssumeRoleSession"
    )
    try:
        roles.check(session, *_sqs_send(integration))
    except roles.DeniedError as denied:
        text = json.dumps({"__type": "AccessDenied", "message": str(denied)})
        return apigateway._service_integration_response(integration, 403, text, JSON, {})
    if sent_as != FORM:
        text = '{"__type": "UnknownOperationException"}'
        return apigateway._service_integration_response(integration, 404, text, JSON, {})
    return await _original_sqs(integration, *arguments, **options)


def _sqs_send(integration: Mapping[str, Any]) -> tuple[str, str]:
    """Return action and resource of an integration with a queue's path as its URI."""
    region, _, path = integration["uri"].split(":", 5)[3:]
    account, queue = path.removeprefix("path/").split("/")[-2:]
    return "sqs:SendMessage", f"arn:aws:sqs:{region}:{account}:{queue}"


def _mock(integration: dict[str, Any]) -> Any:  # noqa: ANN401 - MiniStack's response
    call = calls.current.get()
    request = (integration.get("requestTemplates") or {}).get(JSON)
    if request is not None:
        rendered = templates.render(request, call.body, call)
        integration = {**integration, "requestTemplates": {JSON: rendered}}
    status, headers, body = _original_mock(integration)
    return status, headers, templates.render(body.decode(), "", call).encode()


def install() -> None:
    """Replace the three functions."""
    apigateway._invoke_sqs_v1 = _sqs
    apigateway._invoke_http_proxy_v1 = _http
    apigateway._invoke_mock_v1 = _mock
