"""Findings of cdk-nag that are accepted, each where it arises and with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, Validations

if TYPE_CHECKING:
    from constructs import IConstruct

__all__ = ["acknowledge"]


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
