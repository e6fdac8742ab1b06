"""``/api/extension``: the endpoints of plugins, beside ``/deployit``."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from cdk_app.sandbox.deploy_server.extension import NoJythonError
from cdk_app.sandbox.deploy_server.extension.services import ScriptServices

if TYPE_CHECKING:
    from starlette.requests import Request

    from cdk_app.sandbox.deploy_server.composition import Deploy
    from cdk_app.sandbox.deploy_server.extension import Scripts
    from cdk_app.sandbox.deploy_server.security.model import User

PREFIX = "/api/extension"


async def answer_by_script(deploy: Deploy, scripts: Scripts, user: User, request: Request) -> Response:
    """Run the script of an endpoint and put its answer into the documented wrapper."""
    path = "/" + str(request.path_params["path"]).strip("/")
    endpoint = scripts.find(request.method, path)
    if endpoint is None:
        return PlainTextResponse(f"No endpoint {request.method} {path}", 404)
    body = await request.body()
    try:
        entity = json.loads(body) if body else None
    except ValueError:
        return PlainTextResponse("The body is not JSON", 400)
    loop = asyncio.get_running_loop()
    services = ScriptServices(deploy, user)

    async def serve(name: str, arguments: tuple[Any, ...]) -> object:
        return services(name, *arguments)

    def call(name: str, *arguments: Any) -> object:  # noqa: ANN401 - passed on
        # Scripts run in threads; everything else of the server belongs to its loop.
        return asyncio.run_coroutine_threadsafe(serve(name, arguments), loop).result()

    try:
        running = scripts.run(endpoint, entity, dict(request.query_params), call)
    except NoJythonError as error:
        return PlainTextResponse(str(error), 501)
    answer = await asyncio.wrap_future(running)
    return JSONResponse(answer.body, answer.http_status, dict(answer.headers))
