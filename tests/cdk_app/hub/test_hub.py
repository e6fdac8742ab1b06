"""What else a hub has, and what it warns of."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match, Template

from tests.cdk_app.cases import ENVIRONMENT, deploy_server, new_app, new_stack
from tests.cdk_app.hub.built import hub_in


def test_the_ledger_has_the_keys_that_the_reconciler_uses(template: Template) -> None:
    template.has_resource_properties(
        "AWS::DynamoDB::Table",
        {
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
            "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        },
    )


def test_plain_http_is_allowed_with_a_warning() -> None:
    stack = new_stack()
    deploy = deploy_server(stack, url="http://deploy.example.com:4516", allow_plain_http=True)
    hub_in(stack, deploy=deploy)
    Annotations.from_stack(stack).has_warning("/Stack/Hub", Match.string_like_regexp("in the clear"))


@pytest.mark.parametrize("environment", [None, ENVIRONMENT], ids=["anywhere", "at a known place"])
def test_nothing_is_warned_of(environment: cdk.Environment | None) -> None:
    stack = cdk.Stack(new_app(), "Stack", env=environment)
    hub_in(stack)
    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []
