"""A group of Windows instances that Deploy reaches by WinRM and SMB, and the CI of such a host."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template

from cdk_app import (
    DeployedAutoScalingGroup,
    DeployHub,
    DirectAccess,
    HostTemplate,
    SecretField,
    StoredPassword,
)
from cdk_app.sandbox.deploy_server.types import load_types
from runtime.deploy.metadata import Property
from runtime.reconciliation.config import GroupConfig, parse
from runtime.reconciliation.registration import host_item
from runtime.seeding.values import typed
from tests.cdk_app.cases import deploy_server, existing_vpc, new_stack
from tests.cdk_app.references import written

if TYPE_CHECKING:
    from runtime.deploy.items import CI

PASSWORD = "word-of-the-administrator"


def stored_password(stack: cdk.Stack) -> StoredPassword:
    secret = secretsmanager.Secret.from_secret_name_v2(stack, "Passwords", "windows/passwords")
    return StoredPassword(password=SecretField(secret=secret, name="administrator"))


def template_of(host_template: HostTemplate) -> dict[str, Any]:
    stack = new_stack()
    vpc = existing_vpc(stack)
    hub = DeployHub(
        stack,
        "Hub",
        deploy=deploy_server(stack),
        bastion=DirectAccess(allowed_cidrs=["10.1.0.0/16", "2001:db8::/56"]),
        vpc=vpc,
    )
    DeployedAutoScalingGroup(
        stack,
        "Web",
        hub=hub,
        group_name="web",
        max_capacity=2,
        instance_type=ec2.InstanceType("m7i.large"),
        machine_image=ec2.MachineImage.latest_windows(
            ec2.WindowsVersion.WINDOWS_SERVER_2022_ENGLISH_FULL_BASE
        ),
        host_template=host_template,
        login=stored_password(stack),
    )
    return dict(Template.from_stack(stack).to_json())


def of_type(template: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    for resource in template["Resources"].values():
        if resource["Type"] == kind:
            yield resource["Properties"]


def seeded(template: dict[str, Any]) -> dict[str, Any]:
    """Return the template of the hosts, the last of what the group seeds."""
    (items,) = (seed["Items"] for seed in of_type(template, "Custom::DeploySeed") if seed["Name"] != "hub")
    item: dict[str, Any] = written(items[-1])
    return item


def configuration(template: dict[str, Any]) -> GroupConfig:
    (parameter,) = of_type(template, "AWS::SSM::Parameter")
    return parse("web", written(parameter["Value"]))


@cache
def known() -> dict[str, Property]:
    """Return the properties of the type as the stand-in has them; what is attested is said there."""
    found = load_types().get("overthere.SmbHost").properties
    return {name: Property(name, each.kind.value, password=each.password) for name, each in found.items()}


def host(host_template: HostTemplate) -> CI:
    """Return the CI that the reconciler creates, with the seeder's and the reconciler's own code."""
    built = template_of(host_template)
    item = seeded(built)
    properties = {name: typed(value, known()[name]) for name, value in item["properties"].items()}
    template = {"id": item["id"], "type": item["type"], **properties}
    secrets = dict.fromkeys(item["secretProperties"], PASSWORD)
    return host_item(configuration(built), template, known(), secrets, "i-0abc", "127.0.0.1")
