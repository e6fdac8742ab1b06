"""Refusals on the wire: status, headers and body."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response

from cdk_app.sandbox.deploy_server import errors
from cdk_app.sandbox.deploy_server.types import UnknownTypeError

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.settings import Behaviour

# Classes of the real server where a public source names one; elsewhere its base class.
_JAVA = {
    errors.EntityNotFoundError: "com.xebialabs.deployit.exception.NotFoundException",
    errors.MissingReferenceError: "com.xebialabs.deployit.exception.NotFoundException",
    errors.AlreadyExistsError: "com.xebialabs.deployit.repository.ItemAlreadyExistsException",
    errors.StillReferencedError: "com.xebialabs.deployit.repository.ItemInUseException",
    errors.StaleTokenError: "com.xebialabs.deployit.repository.ItemConflictException",
    errors.PermissionDeniedError: "com.xebialabs.deployit.security.PermissionDeniedException",
    errors.TaskAccessError: "com.xebialabs.deployit.security.PermissionDeniedException",
}
_BASE = "com.xebialabs.deployit.exception.DeployitException"


def status_of(error: Exception, behaviour: Behaviour) -> int:
    """Status of a refusal."""
    match error:
        case errors.EntityNotFoundError():
            return behaviour.missing_id_status
        case errors.MissingReferenceError():
            return behaviour.missing_reference_status
        case errors.AlreadyExistsError():
            return behaviour.already_exists_status
        case errors.StillReferencedError():
            return behaviour.still_referenced_status
        case errors.StaleTokenError():
            return behaviour.stale_token_status
        case errors.MissingParentError():
            return behaviour.missing_parent_status
        case errors.InvalidItemsError():
            return behaviour.invalid_status
        case errors.TaskAccessError():
            return behaviour.task_access_status
        case errors.LoginDeniedError():
            return behaviour.login_status
        case errors.PermissionDeniedError():
            return behaviour.permission_status
        case errors.TaskNotFoundError():
            return 404
        case errors.IllegalTransitionError():
            return behaviour.illegal_transition_status
        case errors.MaintenanceError():
            return 503
        case errors.UnauthenticatedError():
            return 401
        case _:
            return 400


def refusal(
    error: Exception, status: int, path: str, behaviour: Behaviour, *, json_accepted: bool
) -> Response:
    """Return the answer to a request that is refused.

    Plain text, never JSON unless set so: the vendor's SDK takes a JSON answer to a PUT for success.
    """
    text = error.text if isinstance(error, errors.DeployError) else str(error)
    headers = exception_headers(error, path, behaviour)
    if behaviour.error_format == "json" and json_accepted:
        return Response(json.dumps({"message": text}), status, headers, "application/json")
    return Response(text, status, headers, "text/plain")


def unhandled(error: Exception, path: str, behaviour: Behaviour) -> Response:
    """Return the answer to a request that broke the server, with the header that the Java client expects."""
    headers = {
        "X-Unhandled-Exception": "true",
        "X-Exception-Type": type(error).__name__,
        "X-Path": quote(path),
    }
    text = f"{type(error).__name__}: {error}"
    return Response(text, 500, headers if behaviour.exception_headers else None, "text/plain")


def exception_headers(error: Exception, path: str, behaviour: Behaviour) -> dict[str, str]:
    """Headers that the vendor's Java client turns into its own exception (attested for 4.5)."""
    if not behaviour.exception_headers or isinstance(error, errors.UnauthenticatedError):
        return {}
    unknown = isinstance(error, UnknownTypeError)
    java = "java.lang.IllegalStateException" if unknown else _JAVA.get(type(error), _BASE)
    return {"X-Deployit-Exception": "true", "X-Exception-Type": java, "X-Path": quote(path)}
