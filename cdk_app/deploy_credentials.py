"""A secret for the account in Digital.ai Deploy, where there is none yet."""

from __future__ import annotations

import re

from aws_cdk import CfnParameter, SecretValue, Stack, Token
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from cdk_app.acknowledgements import acknowledge

__all__ = ["DeployCredentials"]


class DeployCredentials(Construct):
    r"""Secret made of what is given when the stack is deployed, so that nothing secret is in the template.

    The stack gets a parameter that CloudFormation shows to nobody (NoEcho). Its name is the construct's id
    with ``Password`` or ``Token`` at the end: ``cdk deploy --parameters CredentialsPassword=…``. Later
    deployments keep the value unless they give another.

    Parameters
    ----------
    username
        Name of an account that Deploy has (- the value is a personal access token).

    Attributes
    ----------
    secret : aws_cdk.aws_secretsmanager.Secret
        What `DeployServer` takes.
    parameter : aws_cdk.CfnParameter
        The stack's parameter. It takes no ``"`` and no ``\``: a secret with them you make yourself.

    Raises
    ------
    ValueError
        If `username` is empty, or the stack is nested in another.
    """

    def __init__(self, scope: Construct, construct_id: str, *, username: str | None = None) -> None:
        super().__init__(scope, construct_id)
        if Stack.of(self).nested:
            raise ValueError(
                f"stack of {self.node.path}: got a nested one, whose parameters nobody is asked for, "
                "expected one that is deployed by itself; make it in the parent stack and pass its .secret"
            )
        if username == "":
            raise ValueError(
                "username: got '', expected the name of an account in Deploy; leave it out for a token"
            )
        field = "token" if username is None else "password"
        whose = "personal access token" if username is None else "password"
        if username is not None and not Token.is_unresolved(username):
            # CloudFormation takes no references in a description.
            whose = f"password of {username}"
        self.parameter = CfnParameter(
            self,
            field.capitalize(),
            no_echo=True,
            description=f"The {whose} in Digital.ai Deploy",
            # CloudFormation puts the value between quotes as it is.
            allowed_pattern=r'[^"\\\x00-\x1f]+',
            constraint_description=r"must not be empty and have no quote, backslash or control character",
        )
        name = re.sub("[^A-Za-z0-9]", "", construct_id)
        self.parameter.override_logical_id(f"{name}{field.capitalize()}")
        values = {} if username is None else {"username": SecretValue.unsafe_plain_text(username)}
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description="Account of the functions in Digital.ai Deploy",
            secret_object_value={**values, field: SecretValue.cfn_parameter(self.parameter)},
        )
        acknowledge(
            self.secret,
            "AwsSolutions-SMG4",
            "Deploy has no interface to rotate it by; another value is a parameter of the next deployment.",
        )
