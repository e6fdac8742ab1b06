"""Attempts at what the library refuses, each under ids of its own in one stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_app import DeployedAutoScalingGroup, DeployHub, EndpointDelivery, SecretField, StoredPassword
from tests.cdk_app.cases import BASTION, deploy_server

Refusals = Mapping[str, tuple[Callable[[cdk.Stack], object], str]]
"""What is attempted, and the message that it is refused with."""

_number = iter(range(10_000))


def unique(name: str) -> str:
    return f"{name}{next(_number)}"


def hub(stack: cdk.Stack, **options: object) -> DeployHub:
    given: dict[str, object] = {"deploy": deploy(stack), "bastion": BASTION, **options}
    return DeployHub(stack, unique("Hub"), **given)  # type: ignore[arg-type] # wrong on purpose


def group(stack: cdk.Stack, **options: object) -> DeployedAutoScalingGroup:
    given: dict[str, object] = {"deploy": deploy(stack), "bastion": BASTION, "max_capacity": 2, **options}
    return DeployedAutoScalingGroup(stack, unique("Group"), **given)  # type: ignore[arg-type] # wrong on purpose


def deploy(stack: cdk.Stack, **options: object) -> object:
    return deploy_server(cdk.Stack(stack, unique("Scope")), **options)


def secret(stack: cdk.Stack) -> secretsmanager.ISecret:
    return secretsmanager.Secret.from_secret_name_v2(stack, unique("Secret"), "deploy/other")


def password(stack: cdk.Stack) -> StoredPassword:
    return StoredPassword(password=SecretField(secret=secret(stack), name="administrator"))


def endpoint(stack: cdk.Stack, **options: str) -> EndpointDelivery:
    authorization = SecretField(secret=secret(stack), name="authorization")
    return EndpointDelivery(authorization=authorization, cloud=options.get("cloud"))


def with_key(stack: cdk.Stack) -> object:
    return deploy(stack, cloud_credentials=secret(stack))
