"""Lets the functions read the secret of a login that one group has for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_app.login import Login

__all__ = ["LoginAccess"]


class LoginAccess(Construct):
    """Policy for reading a login's secret: in the group's scope, so that it stays until the group is gone.

    Parameters
    ----------
    login
        How Deploy logs in; nothing is made if that needs no secret.
    roles
        Roles of the functions.

    Attributes
    ----------
    policies : list of aws_cdk.aws_iam.Policy
        The policy, if there is one.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, login: Login, roles: Sequence[iam.IRole]
    ) -> None:
        super().__init__(scope, construct_id)
        statements = login.read_statements()
        self.policies = (
            [iam.Policy(self, "Policy", roles=list(roles), statements=list(statements))] if statements else []
        )
