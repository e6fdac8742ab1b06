"""``/package``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile

from cdk_app.sandbox.deploy_server.errors import RefusedError
from cdk_app.sandbox.deploy_server.wire.routes import Endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from cdk_app.sandbox.deploy_server.wire.exchange import Exchange


async def _upload(exchange: Exchange) -> Response:
    async with exchange.request.form() as form:
        file = form.get("fileData")
        if not isinstance(file, UploadFile):
            raise RefusedError("The form needs the field fileData")
        content = await file.read()
    return exchange.answer(exchange.deploy.packages.upload(exchange.user, content))


PACKAGE_ROUTES = (Endpoint("POST", "/package/upload/{file:path}", _upload),)
