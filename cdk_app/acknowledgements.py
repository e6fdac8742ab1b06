"""Findings of cdk-nag that are accepted, each where it arises and with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, Stack, Validations

if TYPE_CHECKING:
    from constructs import IConstruct

__all__ = ["acknowledge", "acknowledge_wild_card"]


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
    Validations.of(scope).acknowledge(Acknowledgment(id=finding, reason=reason))


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
    finding = f"AwsSolutions-IAM5[Resource::{_flat(Stack.of(scope).resolve(resource))}]"
    # As `acknowledge` writes it, but for any text: that one changes spaces and refuses a single bracket.
    scope.node.add_metadata(Validations.ACKNOWLEDGED_RULES_METADATA_KEY, {finding: reason})


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
