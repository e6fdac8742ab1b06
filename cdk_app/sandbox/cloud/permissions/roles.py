"""Whether a role's policies allow an action."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Mapping

evaluator = names(
    "core.iam_evaluator",
    functions=("EvalContext", "evaluate", "_gather_role_policies"),
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


def check(
    role_arn: str, session: str, action: str, resource: str, context: Mapping[str, Any] | None = None
) -> None:
    """Raise unless a role's policies allow an action on a resource.

    Parameters
    ----------
    role_arn
        The role.
    session
        Name of the session, such as the function's; it is part of the caller's ARN.
    action, resource
        Such as ``"sqs:SendMessage"`` and the queue's ARN.
    context
        Condition keys, such as ``"aws:RequestTag/x"``.

    Raises
    ------
    DeniedError
        When the role does not exist or its policies do not allow the action.
    """
    if action in evaluator._ALWAYS_ALLOWED_ACTIONS:
        return
    name = role_arn.rsplit("/", 1)[-1]
    account = responses.get_account_id()
    principal = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
    if iam._roles.get(name) is None:
        raise DeniedError(
            f"The role {role_arn} cannot be assumed: it does not exist", principal, explicit=False
        )
    request = evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=responses.get_region(),
        secure_transport=True,
        service_context={key.lower(): value for key, value in (context or {}).items()},
    )
    decision = evaluator.evaluate(request, evaluator._gather_role_policies(name, account)).decision
    if decision != "Allow":
        why = "with an explicit deny" if decision == "Deny" else "because no identity-based policy allows it"
        message = f"User: {principal} is not authorized to perform: {action} on resource: {resource} {why}"
        logger.warning("AccessDenied: %s", message)
        raise DeniedError(message, principal, explicit=decision == "Deny")
