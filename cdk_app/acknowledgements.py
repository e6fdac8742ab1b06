"""Findings of cdk-nag that are accepted, each where it arises and with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack

if TYPE_CHECKING:
    from constructs import IConstruct

__all__ = ["acknowledge", "acknowledge_wild_card"]

_METADATA = "aws:cdk:acknowledged-rules"
"""Where cdk-nag looks. ``Validations.acknowledge`` writes it too, but CDK has that since 2.253 only, and it
changes spaces and refuses a single bracket."""


def acknowledge(scope: IConstruct, finding: str, reason: str) -> None:
    """Accept one finding of a rule on a construct and what is below it.

    Parameters
    ----------
    scope
        The narrowest construct that it is about.
    finding
        Id of the rule, with the finding in brackets where a rule has several.
    reason
        Why it is right as it is.
    """
    scope.node.add_metadata(_METADATA, {finding: reason})


def acknowledge_wild_card(scope: IConstruct, resource: str, reason: str) -> None:
    """Accept a policy's resource that holds a wild card.

    Parameters
    ----------
    scope
        The role or policy.
    resource
        The resource as it is in the policy.
    reason
        Why nothing narrower can be named.
    """
    flat = _flat(Stack.of(scope).resolve(resource))
    acknowledge(scope, f"AwsSolutions-IAM5[Resource::{flat}]", reason)


def _flat(value: object) -> str:
    """Return a resolved value as cdk-nag writes it: ``<LogicalId.Attribute>`` for references."""
    match value:
        case {"Fn::Join": [str(delimiter), list(parts)]}:
            return delimiter.join(_flat(part) for part in parts)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            return str(value).replace("${", "<").replace("}", ">")
