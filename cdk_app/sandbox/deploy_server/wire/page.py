"""``/``: pages for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from cdk_app.sandbox.deploy_server.errors import DeployError, UnauthenticatedError
from cdk_app.sandbox.deploy_server.page.details import item_page, task_page
from cdk_app.sandbox.deploy_server.page.document import page
from cdk_app.sandbox.deploy_server.page.overview import overview
from cdk_app.sandbox.deploy_server.security.model import TASK_VIEW
from cdk_app.sandbox.deploy_server.wire.authentication import authenticate, unauthenticated
from cdk_app.sandbox.deploy_server.wire.failures import status_of
from cdk_app.sandbox.deploy_server.wire.views import Presenter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lxml import etree
    from starlette.requests import Request

    from cdk_app.sandbox.deploy_server.composition import Deploy
    from cdk_app.sandbox.deploy_server.security.model import User

Content = tuple[str, "list[etree._Element]"]


def page_routes(deploy: Deploy) -> list[Route]:
    """Return the routes of the pages."""

    def start(user: User, _: Request) -> Content:
        sees_all = deploy.permissions.has_global(user, TASK_VIEW)
        tasks = [task for task in deploy.tasks.tasks.values() if sees_all or task.owner == user.name]
        content = overview(deploy.repository.repository, tasks, deploy.permissions.readable(user))
        return "Overview", content

    def item(user: User, request: Request) -> Content:
        found = deploy.repository.read(user, str(request.path_params["id"]).strip("/"))
        store = deploy.repository.repository
        view = Presenter(store, deploy.cipher, mask=True).item(found)
        return found.id, item_page(view, store, deploy.permissions.readable(user))

    def task(user: User, request: Request) -> Content:
        found = deploy.tasks.read(user, str(request.path_params["task"]))
        return found.description, task_page(found)

    return [
        Route("/", _page(deploy, start)),
        Route("/items/{id:path}", _page(deploy, item)),
        Route("/tasks/{task}", _page(deploy, task)),
    ]


def _page(
    deploy: Deploy, content_of: Callable[[User, Request], Content]
) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        try:
            user = authenticate(deploy, request)
            title, content = content_of(user, request)
        except UnauthenticatedError:
            return unauthenticated()
        except DeployError as error:
            return PlainTextResponse(error.text, status_of(error, deploy.behaviour))
        return HTMLResponse(page(title, user.name, content))

    return show
