"""Whether a service may assume a role, and whether the role's policies allow an action."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Mapping

evaluator = names(
    "core.iam_evaluator",
    functions=(
        "EvalContext",
        "evaluate",
        "_action_matches",
        "_conditions_met",
        "_gather_role_policies",
        "_service_principal_matches",
    ),
    stores=("_ALWAYS_ALLOWED_ACTIONS",),
)
iam = names("services.iam", stores=("_roles",))
responses = names("core.responses", functions=("get_account_id", "get_region"))

logger = logging.getLogger(__name__)


class DeniedError(Exception):
    """A role may not do what it is used for; the text is AWS's.

    Attributes
    ----------
    principal
        ARN of the session that was refused.
    explicit
        Whether a statement denies it, rather than none allowing it.
    """

    def __init__(self, message: str, principal: str, *, explicit: bool) -> None:
        super().__init__(message)
        self.principal = principal
        self.explicit = explicit


@dataclass(frozen=True, slots=True)
class Session:
    """A service that acts by a role.

    Attributes
    ----------
    role
        ARN of the role.
    service
        Who assumes it, such as ``"lambda.amazonaws.com"``.
    name
        Name of the session, such as the function's; it is part of the caller's ARN.
    source
        ARN of the resource on whose behalf, for trust policies that ask for it.
    """

    role: str
    service: str
    name: str
    source: str = ""

    @property
    def role_name(self) -> str:
        """Name of the role, without its path."""
        return self.role.rsplit("/", 1)[-1]

    @property
    def principal(self) -> str:
        """ARN of the session."""
        return f"arn:aws:sts::{responses.get_account_id()}:assumed-role/{self.role_name}/{self.name}"


def check(session: Session, action: str, resource: str, context: Mapping[str, Any] | None = None) -> None:
    """Raise unless a service may assume a role and its policies allow an action on a resource.

    Parameters
    ----------
    action, resource
        Such as ``"sqs:SendMessage"`` and the queue's ARN.
    context
        Condition keys, such as ``"aws:RequestTag/x"``.

    Raises
    ------
    DeniedError
        When the role does not exist, does not trust the service, or does not allow the action.
    """
    if action in evaluator._ALWAYS_ALLOWED_ACTIONS:
        return
    _check_trust(session)
    policies = evaluator._gather_role_policies(session.role_name, responses.get_account_id())
    request = _request(session, action, resource, context or {})
    decision = evaluator.evaluate(request, policies).decision
    if decision != "Allow":
        why = "with an explicit deny" if decision == "Deny" else "because no identity-based policy allows it"
        _deny(
            session,
            f"User: {session.principal} is not authorized to perform: {action} on resource: {resource} {why}",
            explicit=decision == "Deny",
        )


def _check_trust(session: Session) -> None:
    record = iam._roles.get(session.role_name)
    if record is None:
        _deny(session, f"The role {session.role or 'of none'} cannot be assumed: it does not exist")
    document = record["AssumeRolePolicyDocument"]
    trust = json.loads(document) if isinstance(document, str) else document
    keys = {"aws:SourceArn": session.source, "aws:SourceAccount": responses.get_account_id()}
    request = _request(session, "sts:AssumeRole", session.role, keys)
    statements = trust.get("Statement") or []
    trusted = any(
        statement.get("Effect") == "Allow"
        and evaluator._action_matches(request.action, _listed(statement.get("Action")), [])
        and evaluator._service_principal_matches(statement.get("Principal"), session.service)
        and evaluator._conditions_met(statement.get("Condition") or {}, request)
        for statement in (statements if isinstance(statements, list) else [statements])
    )
    if not trusted:
        _deny(session, f"{session.service} is not authorized to assume the role {session.role}")


def _request(session: Session, action: str, resource: str, context: Mapping[str, Any]) -> Any:  # noqa: ANN401 - MiniStack's context
    return evaluator.EvalContext(
        principal_arn=session.principal,
        principal_type="AssumedRole",
        principal_account=responses.get_account_id(),
        action=action,
        resource_arn=resource,
        region=responses.get_region(),
        secure_transport=True,
        service_context={key.lower(): value for key, value in context.items()},
    )


def _listed(value: Any) -> list[str]:  # noqa: ANN401 - a string or a list of them
    return value if isinstance(value, list) else [str(value)]


def _deny(session: Session, message: str, *, explicit: bool = False) -> NoReturn:
    logger.warning("AccessDenied: %s", message)
    raise DeniedError(message, session.principal, explicit=explicit)
