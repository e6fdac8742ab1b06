"""The functions may do what they do and nothing else: the local cloud does not enforce permissions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import botocore.session
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template
from botocore import xform_name

from cdk_app import (
    DeployedAutoScalingGroup,
    DeployHub,
    DirectAccess,
    EndpointDelivery,
    SecretField,
    StoredKey,
)
from cdk_app.source import runtime_source
from tests.cdk_app.cases import CASES, deploy_server, existing_vpc, new_stack, properties
from tests.cdk_app.invariants import as_list

SERVICES = ("autoscaling", "dynamodb", "ec2", "secretsmanager", "sqs", "ssm")
# Of the event source mapping, which works with the function's role.
OF_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
}


def actions_by_method() -> dict[str, str]:
    """Return the action that each method of a client needs, by the method's name."""
    session = botocore.session.get_session()
    return {
        xform_name(operation): f"{service}:{operation}"
        for service in SERVICES
        for operation in session.get_service_model(service).operation_names
    }


def calls(part: str) -> Iterator[str]:
    """Return names of methods and paginators that some part of the functions' source uses."""
    for path in sorted((runtime_source() / part).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr="get_paginator"), args=[ast.Constant(value=str(name))]):
                    yield name
                case ast.Call(func=ast.Attribute(attr=name)):
                    yield name


def permitted(function: str) -> set[str]:
    actions: set[str] = set()
    for case in CASES[:1]:
        for policy in properties(case, "AWS::IAM::Policy"):
            roles = [role["Ref"] for role in policy["Roles"]]
            if any(re.match(rf"Hub{function}FunctionRole", role) for role in roles):
                for statement in policy["PolicyDocument"]["Statement"]:
                    actions |= set(as_list(statement["Action"]))
    return actions


@pytest.mark.parametrize(
    ("function", "parts"), [("Reconciler", ("aws",)), ("Seeder", ("seeding",))], ids=["reconciler", "seeder"]
)
def test_each_function_may_call_what_its_source_calls_and_nothing_else(
    function: str, parts: tuple[str, ...]
) -> None:
    known = actions_by_method()
    needed = {known[name] for part in parts for name in calls(part) if name in known}
    if function == "Seeder":
        needed -= {"dynamodb:Query"}  # that is Deploy's repository
        # Its credentials and keys are read by the module that both share.
        needed |= {"secretsmanager:GetSecretValue", "ssm:GetParameter"}
    assert needed, "no call found: did the source move?"
    assert permitted(function) - OF_LAMBDA == needed


def test_the_source_of_the_functions_is_where_this_test_looks() -> None:
    """A call to AWS in another place would escape the test above."""
    known = actions_by_method()
    del known["query"]  # Deploy's repository has one too
    for part in ("deploy", "handlers", "reconciliation"):
        assert [name for name in calls(part) if name in known] == []


@pytest.mark.parametrize("delivery", ["handler", "endpoint"])
def test_a_groups_own_key_can_be_read_by_whoever_writes_it_into_deploy(delivery: str) -> None:
    stack = new_stack()
    secret, caller = (
        secretsmanager.Secret.from_secret_name_v2(stack, name, f"operations/{name}")
        for name in ("key", "caller")
    )
    endpoint = EndpointDelivery(
        authorization=SecretField(secret=caller, name="header"), cloud="Infrastructure/c"
    )
    hub = DeployHub(
        stack,
        "Hub",
        deploy=deploy_server(stack),
        bastion=DirectAccess(allowed_cidrs=["10.1.0.0/16"]),
        vpc=existing_vpc(stack),
        delivery=endpoint if delivery == "endpoint" else None,
    )
    pair = ec2.KeyPair.from_key_pair_name(stack, "Pair", "operations")
    login = StoredKey(key_pair=pair, private_key=SecretField(secret=secret, name="ssh"))
    DeployedAutoScalingGroup(stack, "Web", hub=hub, max_capacity=2, login=login)
    (policy,) = (
        each["Properties"]
        for name, each in Template.from_stack(stack).find_resources("AWS::IAM::Policy").items()
        if "LoginAccess" in name
    )
    roles = {re.sub(r"FunctionRole.*", "", role["Ref"]) for role in policy["Roles"]}
    assert roles == {"HubSeeder"} | ({"HubReconciler"} if delivery == "handler" else set())
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "secretsmanager:GetSecretValue"
    assert statement["Resource"].endswith(":secret:operations/key-??????")
