"""What else a hub has, and what it warns of."""

from __future__ import annotations

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Annotations, Match, Template

from cdk_app import DeployedAutoScalingGroup, SecretField, StoredPassword
from tests.cdk_app.cases import ENVIRONMENT, deploy_server, new_app, new_stack
from tests.cdk_app.hub.built import hub_in
from tests.cdk_app.references import written


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


@pytest.mark.parametrize(("groups", "own_login", "warned"), [(20, False, 0), (36, False, 1), (20, True, 1)])
def test_more_policies_than_iam_takes_for_a_role_are_warned_of_once(
    groups: int, own_login: bool, warned: int
) -> None:
    stack = new_stack()
    hub = hub_in(stack)
    secret = secretsmanager.Secret.from_secret_name_v2(stack, "Passwords", "linux/passwords")
    login = StoredPassword(password=SecretField(secret=secret, name="deploy")) if own_login else None
    for number in range(groups):
        name = f"web-of-team-number-{number}"
        existing = autoscaling.AutoScalingGroup.from_auto_scaling_group_name(stack, name, name)
        DeployedAutoScalingGroup(stack, f"Group{number}", hub=hub, existing_group=existing, login=login)
    # Not by a synthesis, which takes seconds with so many.
    warnings = [str(each.data) for each in hub.reconciler.role.node.metadata if "warn" in each.type]
    assert len([each for each in warnings if "more than 10240 characters" in each]) == warned


def test_the_size_of_policies_is_about_what_iam_gets() -> None:
    stack = new_stack()
    hub = hub_in(stack)
    (policy,) = (
        each["Properties"]["PolicyDocument"]
        for name, each in Template.from_stack(stack).find_resources("AWS::IAM::Policy").items()
        if "ReconcilerFunctionRole" in name
    )
    text = json.dumps(written(policy), separators=(",", ":"))
    assert hub.reconciler.policy_size.characters == pytest.approx(len(text), rel=0.1)
