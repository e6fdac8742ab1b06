"""Who sends a request."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from starlette.responses import Response

from cdk_app.sandbox.deploy_server.errors import LoginDeniedError, UnauthenticatedError
from cdk_app.sandbox.deploy_server.security.model import LOGIN

if TYPE_CHECKING:
    from starlette.requests import Request

    from cdk_app.sandbox.deploy_server.composition import Deploy
    from cdk_app.sandbox.deploy_server.security.model import User


def authenticate(deploy: Deploy, request: Request) -> User:
    """Return the user of a request, by basic credentials or by a token as password of an empty user name.

    Raises
    ------
    UnauthenticatedError
        There are no credentials, or wrong ones.
    LoginDeniedError
        The user may not log in.
    """
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise UnauthenticatedError
    try:
        name, _, password = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise UnauthenticatedError from None
    user = deploy.accounts.authenticate(name, password)
    if user is None:
        raise UnauthenticatedError
    if not deploy.permissions.has_global(user, LOGIN):
        raise LoginDeniedError(LOGIN)
    return user


def unauthenticated() -> Response:
    """Return the answer to a request without the right credentials."""
    return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="Deploy"'})
