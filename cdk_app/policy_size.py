"""How much the policies of a role take of what IAM allows, which no synthesis would say otherwise."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aws_cdk import Annotations, Stack
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PolicySize"]

_MOST = 10_240
"""Characters of all inline policies of a role (quotas of IAM); white space is not counted."""

_REFERENCES = {"AWS::AccountId": "1" * 12, "AWS::Partition": "aws", "AWS::Region": "eu-central-1"}
_REFERENCE = "r" * 40
"""In place of what is known only at deployment, such as the generated name of a group."""


class PolicySize:
    """Characters of a role's policies; more than IAM takes are warned of when the app is synthesized.

    Parameters
    ----------
    role
        The role, whose own policy is complete when the first group is counted.
    """

    def __init__(self, role: iam.Role) -> None:
        self._role = role
        self._of_groups = 0

    @cached_property
    def _own(self) -> int:
        own = self._role.node.find_child("DefaultPolicy")
        assert isinstance(own, iam.Policy)  # noqa: S101 - for the type checker
        return _characters(own)

    @property
    def characters(self) -> int:
        """What is counted so far, about."""
        return self._own + self._of_groups

    def add(self, policies: Sequence[iam.Policy]) -> None:
        """Count policies of a group."""
        before = self.characters
        self._of_groups += sum(map(_characters, policies))
        if before <= _MOST < self.characters:
            Annotations.of(self._role).add_warning_v2(
                "deployed-auto-scaling-group:policySize",
                f"the groups' policies come to more than {_MOST} characters, which is the most that IAM "
                "takes for one role: share another hub among some of the groups",
            )


def _characters(policy: iam.Policy) -> int:
    document = Stack.of(policy).resolve(policy.document)
    return len(json.dumps(_written(document), separators=(",", ":")))


def _written(value: Any) -> Any:  # noqa: ANN401 - JSON
    match value:
        case {"Ref": str(name)}:
            return _REFERENCES.get(name, _REFERENCE)
        case {"Fn::Join": [str(delimiter), list(parts)]}:
            return delimiter.join(str(_written(part)) for part in parts)
        case dict() if any(key.startswith("Fn::") for key in value):
            return _REFERENCE
        case dict():
            return {key: _written(each) for key, each in value.items()}
        case list():
            return [_written(each) for each in value]
        case _:
            return value
