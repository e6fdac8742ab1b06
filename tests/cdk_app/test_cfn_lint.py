"""A second opinion on every template, by AWS's own linter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cfnlint import lint
from cfnlint.core import get_rules

from tests.cdk_app.cases import CASES, Case, synthesize

if TYPE_CHECKING:
    from cfnlint.rules import RulesCollection

EXPECTED = {
    "W3005": "a dependency on all of a role, its policies included, repeats the reference to the role",
    "W3010": "the zones of an environment without look-up are made up by CDK",
}


@pytest.fixture(scope="module")
def rules() -> RulesCollection:
    return get_rules([], list(EXPECTED), [])


# Without flags the templates differ in how ARNs are written, which these linted ones show as well.
@pytest.mark.parametrize("case", [case for case in CASES if case.flags], ids=lambda case: case.name)
def test_cfn_lint_finds_nothing(case: Case, rules: RulesCollection) -> None:
    found = [
        f"{stack}: {match.rule.id} {match.message}"
        for stack, template in synthesize(case).items()
        for match in lint(json.dumps(template), rules, ["eu-west-1"])
    ]
    assert found == []
