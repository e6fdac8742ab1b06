"""How the functions name a secret, and what they need to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from aws_cdk import aws_secretsmanager as secretsmanager

__all__ = ["secret_id", "secret_statements"]


def secret_id(secret: secretsmanager.ISecret) -> str:
    """Return what a function asks for: the ARN, or the name of a secret that was imported by it."""
    return secret.secret_full_arn or secret.secret_name


def secret_statements(secret: secretsmanager.ISecret) -> list[iam.PolicyStatement]:
    """Return what a function needs to read a secret.

    Not `grant_read` of the secret: that writes into the policy of its key, whose stack would then need the
    functions' stack, which needs it.
    """
    # An ARN without the suffix that Secrets Manager adds matches nothing in a policy.
    arn = secret.secret_full_arn or f"{secret.secret_arn}-??????"
    statements = [iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[arn])]
    if secret.encryption_key is not None:
        statements.append(
            iam.PolicyStatement(actions=["kms:Decrypt"], resources=[secret.encryption_key.key_arn])
        )
    return statements
