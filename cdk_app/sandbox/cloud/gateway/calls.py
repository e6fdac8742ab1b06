"""The request that API Gateway is answering, for the functions of MiniStack that are not told."""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cdk_app.sandbox.cloud.names import names

apigateway = names("services.apigateway_v1", functions=("_execute_in_scope",))
responses = names("core.responses", functions=("get_account_id",))
_original_execute = apigateway._execute_in_scope


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a stage of a REST API.

    Attributes
    ----------
    route
        What MiniStack finds out on the way: ``path_params``, ``resource_path``, ``stage``, ``request_id``.
    """

    api_id: str
    stage: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, list[str]] = field(default_factory=dict)
    body: str = ""
    route: Mapping[str, Any] = field(default_factory=dict)
    received: float = field(default_factory=time.time)

    @property
    def path_parameters(self) -> dict[str, str]:
        """Path parameters, decoded."""
        return {
            name: urllib.parse.unquote(value) for name, value in (self.route.get("path_params") or {}).items()
        }

    @property
    def stage_variables(self) -> dict[str, str]:
        """Variables of the stage."""
        return dict((self.route.get("stage") or {}).get("variables") or {})

    @property
    def context(self) -> dict[str, Any]:
        """``$context`` of mapping templates (API Gateway developer guide, ``$context`` variables)."""
        moment = datetime.fromtimestamp(self.received, UTC)
        request_id = self.route.get("request_id", "")
        return {
            "accountId": responses.get_account_id(),
            "apiId": self.api_id,
            "domainName": self.headers.get("host", ""),
            "extendedRequestId": request_id,
            "httpMethod": self.method,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": self.headers.get("user-agent", "")},
            "path": f"/{self.stage}{self.path}",
            "protocol": "HTTP/1.1",
            "requestId": request_id,
            "requestTime": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(self.received * 1000),
            "resourcePath": self.route.get("resource_path", ""),
            "stage": self.stage,
        }


current: ContextVar[Call] = ContextVar("call")


async def _execute(
    request: dict[str, Any],
    api_id: str,
    stage_name: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: dict[str, list[str]],
    owner_account_id: str,
    owner_region: str,
) -> Any:  # noqa: ANN401 - MiniStack's response
    text = body.decode(errors="replace") if body else ""
    token = current.set(Call(api_id, stage_name, method, path, headers, query_params or {}, text, request))
    try:
        return await _original_execute(
            request,
            api_id,
            stage_name,
            method,
            path,
            headers,
            body,
            query_params,
            owner_account_id,
            owner_region,
        )
    finally:
        current.reset(token)


def install() -> None:
    """Note every request before MiniStack answers it."""
    apigateway._execute_in_scope = _execute
