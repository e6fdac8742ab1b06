"""``/security``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import RefusedError
from cdk_app.sandbox.deploy_server.security.service import GLOBAL
from cdk_app.sandbox.deploy_server.wire import xml_reader
from cdk_app.sandbox.deploy_server.wire.resources import Flag, Grants, Strings, UserView
from cdk_app.sandbox.deploy_server.wire.routes import Endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from cdk_app.sandbox.deploy_server.security.model import User
    from cdk_app.sandbox.deploy_server.wire.exchange import Exchange


async def _users(exchange: Exchange) -> Response:
    return exchange.answer(Strings(exchange.deploy.security.users(exchange.user)))


async def _user(exchange: Exchange) -> Response:
    return _answer_user(exchange, exchange.deploy.security.find_user(exchange.user, exchange.path("name")))


async def _create_user(exchange: Exchange) -> Response:
    password = _password(exchange)
    created = exchange.deploy.security.create_user(exchange.user, exchange.path("name"), password)
    return _answer_user(exchange, created)


async def _change_password(exchange: Exchange) -> Response:
    exchange.deploy.security.change_password(exchange.user, exchange.path("name"), _password(exchange))
    return exchange.answer(None)


async def _delete_user(exchange: Exchange) -> Response:
    exchange.deploy.security.delete_user(exchange.user, exchange.path("name"))
    return exchange.answer(None)


async def _roles(exchange: Exchange) -> Response:
    return exchange.answer(Strings(exchange.deploy.security.roles(exchange.user)))


async def _own_roles(exchange: Exchange) -> Response:
    return exchange.answer(Strings(exchange.deploy.security.roles_of(exchange.user, exchange.user.name)))


async def _roles_of(exchange: Exchange) -> Response:
    return exchange.answer(Strings(exchange.deploy.security.roles_of(exchange.user, exchange.path("name"))))


async def _create_role(exchange: Exchange) -> Response:
    exchange.deploy.security.create_role(exchange.user, exchange.path("role"))
    return exchange.answer(None)


async def _rename_role(exchange: Exchange) -> Response:
    new_name = exchange.body.decode(errors="replace").strip().strip('"')
    if not new_name:
        raise RefusedError("The body holds no name")
    exchange.deploy.security.rename_role(exchange.user, exchange.path("role"), new_name)
    return exchange.answer(None)


async def _delete_role(exchange: Exchange) -> Response:
    exchange.deploy.security.delete_role(exchange.user, exchange.path("role"))
    return exchange.answer(None)


async def _assign_role(exchange: Exchange) -> Response:
    role, name = exchange.path("role"), exchange.path("name")
    exchange.deploy.security.assign_role(exchange.user, role, name)
    return exchange.answer(None)


async def _unassign_role(exchange: Exchange) -> Response:
    role, name = exchange.path("role"), exchange.path("name")
    exchange.deploy.security.unassign_role(exchange.user, role, name)
    return exchange.answer(None)


async def _is_granted(exchange: Exchange) -> Response:
    permission, role, ci_id = _grant_of(exchange)
    return exchange.answer(Flag(exchange.deploy.security.is_granted(exchange.user, permission, role, ci_id)))


async def _grant(exchange: Exchange) -> Response:
    exchange.deploy.security.grant(exchange.user, *_grant_of(exchange))
    return exchange.answer(None)


async def _revoke(exchange: Exchange) -> Response:
    exchange.deploy.security.revoke(exchange.user, *_grant_of(exchange))
    return exchange.answer(None)


async def _check(exchange: Exchange) -> Response:
    ci_id = exchange.path() if "id" in exchange.request.path_params else GLOBAL
    return exchange.answer(
        Flag(exchange.deploy.security.check(exchange.user, exchange.path("permission"), ci_id))
    )


async def _granted(exchange: Exchange) -> Response:
    role = exchange.path("role") if "role" in exchange.request.path_params else None
    return exchange.answer(Grants(exchange.deploy.security.granted(exchange.user, role)))


def _grant_of(exchange: Exchange) -> tuple[str, str, str]:
    ci_id = exchange.path() if "id" in exchange.request.path_params else GLOBAL
    return exchange.path("permission"), exchange.path("role"), ci_id


def _password(exchange: Exchange) -> str:
    if exchange.sends_json:
        password = exchange.json_object().get("password")
    else:
        password = xml_reader.parse(exchange.body).findtext("password")
    if not isinstance(password, str) or not password:
        raise RefusedError("A user needs a password")
    return password


def _answer_user(exchange: Exchange, user: User) -> Response:
    return exchange.answer(UserView(user.name, exchange.deploy.permissions.is_admin(user)))


_PERMISSION = "/security/permission/{permission}/{role}"

SECURITY_ROUTES = (
    Endpoint("GET", "/security/user", _users),
    Endpoint("GET", "/security/user/{name}", _user),
    Endpoint("POST", "/security/user/{name}", _create_user),
    Endpoint("PUT", "/security/user/{name}", _change_password),
    Endpoint("DELETE", "/security/user/{name}", _delete_user),
    Endpoint("GET", "/security/role", _roles),
    Endpoint("GET", "/security/role/roles", _own_roles),
    Endpoint("GET", "/security/role/roles/{name}", _roles_of),
    Endpoint("PUT", "/security/role/{role}", _create_role),
    Endpoint("POST", "/security/role/{role}", _rename_role),
    Endpoint("DELETE", "/security/role/{role}", _delete_role),
    Endpoint("PUT", "/security/role/{role}/{name}", _assign_role),
    Endpoint("DELETE", "/security/role/{role}/{name}", _unassign_role),
    Endpoint("GET", _PERMISSION, _is_granted),
    Endpoint("PUT", _PERMISSION, _grant),
    Endpoint("DELETE", _PERMISSION, _revoke),
    Endpoint("GET", _PERMISSION + "/{id:path}", _is_granted),
    Endpoint("PUT", _PERMISSION + "/{id:path}", _grant),
    Endpoint("DELETE", _PERMISSION + "/{id:path}", _revoke),
    Endpoint("GET", "/security/check/{permission}", _check),
    Endpoint("GET", "/security/check/{permission}/{id:path}", _check),
    Endpoint("GET", "/security/granted-permissions", _granted),
    Endpoint("GET", "/security/granted-permissions/{role}", _granted),
)
