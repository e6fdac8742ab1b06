"""What the stack, the seeder and the reconciler write about SSH, with the part of CloudFormation."""

from __future__ import annotations

import json
from functools import cache, partial
from typing import Any

from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_app import DeployedAutoScalingGroup, DeployHub, HostTemplate, NewBastion, SecretField, StoredPassword
from runtime.deploy.metadata import Property
from runtime.reconciliation.config import GroupConfig, parse
from runtime.reconciliation.registration import host_item
from tests.cdk_app.cases import (
    BASTION,
    CASES,
    Template,
    deploy_server,
    existing_vpc,
    new_stack,
    synthesize,
)

APP = next(case for case in CASES if case.name == "app")
BASTION_ADDRESS = "203.0.113.1"
_PSEUDO_PARAMETERS = {"AWS::AccountId": "123456789012", "AWS::Region": "us-east-1", "AWS::Partition": "aws"}


HOST_TEMPLATES = {
    "SCP": HostTemplate(properties={"connectionType": "SCP"}),
    "SUDO": HostTemplate.sudo("appuser"),
    "SUDO to root": HostTemplate.sudo("root"),
    "INTERACTIVE_SUDO": HostTemplate(
        properties={"connectionType": "INTERACTIVE_SUDO", "sudoUsername": "appuser"}
    ),
    "INTERACTIVE_SUDO with password": HostTemplate(
        properties={"connectionType": "INTERACTIVE_SUDO", "sudoUsername": "appuser", "username": "clerk"}
    ),
}
"""What people may pass as ``host_template``, by the names of the tests' cases."""
IPV6_SUBNETS = ("2001:db8:20:1::/64", "2001:db8:20:2::/64")
"""IPv6 ranges of the private subnets."""
WITH_PASSWORD = "INTERACTIVE_SUDO with password"


def resources(kind: str) -> list[dict[str, Any]]:
    """Return the properties of the app's resources of a type, with their values filled in."""
    (template,) = synthesize(APP).values()
    return _resources(template, kind)


def _resources(template: Template, kind: str) -> list[dict[str, Any]]:
    return [
        _fill(resource["Properties"], template["Resources"])
        for resource in template["Resources"].values()
        if resource["Type"] == kind
    ]


def bastion_user_data() -> str:
    """Return the user data of a bastion that leads to the app's subnets, and to IPv6 ranges of them."""
    stack = new_stack()
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        public_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        private_subnet_ids=["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
        private_subnet_ipv4_cidr_blocks=subnets(public=False),
    )
    DeployHub(
        stack,
        "Hub",
        deploy=deploy_server(stack),
        vpc=vpc,
        bastion=NewBastion(allowed_cidrs=["203.0.113.10/32"], target_ipv6_cidrs=IPV6_SUBNETS),
    )
    template = dict(assertions.Template.from_stack(stack).to_json())
    (instance,) = _resources(template, "AWS::EC2::Instance")
    return str(instance["UserData"])


def subnets(*, public: bool) -> list[str]:
    found = resources("AWS::EC2::Subnet")
    return [subnet["CidrBlock"] for subnet in found if bool(subnet.get("MapPublicIpOnLaunch")) is public]


def jumpstation(private_key: str) -> dict[str, Any]:
    """Return the CI that the seeder creates for the bastion."""
    (item,) = (item for item in _seeded() if item["type"] == "overthere.SshJumpstation")
    return {**item["properties"], **dict.fromkeys(item["secretProperties"], private_key)}


def host(secret: str, address: str, template: str | None = None) -> dict[str, Any]:
    """Return the CI that the reconciler creates for an instance, from the template that the seeder created.

    Parameters
    ----------
    secret
        What is in the key pair's parameter, or the password of the user who logs in.
    address
        The instance's.
    template
        Which of `HOST_TEMPLATES` the group was given (- none: the app's group).
    """
    synthesized = synthesize(APP)["App"] if template is None else _groups()
    group = "web" if template is None else template
    (parameter,) = (
        each["Value"]
        for each in _resources(synthesized, "AWS::SSM::Parameter")
        if json.loads(each["Value"])["autoScalingGroup"] == group
    )
    config = parse(group, parameter)
    (seeded,) = (
        item
        for seed in _resources(synthesized, "Custom::DeploySeed")
        if seed.get("Group") == group
        for item in seed["Items"]
        if item["type"] == "aws.asg.ec2SshHostTemplate"
    )
    created = {"id": seeded["id"], "type": seeded["type"], **seeded["properties"]}
    known = {name: Property(name, "STRING", password=False) for name in created}
    return host_item(config, created, known, dict.fromkeys(config.secrets, secret), "i-0abc", address)


@cache
def _groups() -> Template:
    """Synthesize a group for each of the templates, named as the template."""
    stack = new_stack()
    hub = DeployHub(stack, "Hub", deploy=deploy_server(stack), bastion=BASTION, vpc=existing_vpc(stack))
    secret = secretsmanager.Secret.from_secret_name_v2(stack, "Passwords", "clerk")
    password = StoredPassword(password=SecretField(secret=secret, name="password"))
    for name, template in HOST_TEMPLATES.items():
        DeployedAutoScalingGroup(
            stack,
            name.replace(" ", ""),
            hub=hub,
            group_name=name,
            max_capacity=1,
            host_template=template,
            login=password if name == WITH_PASSWORD else None,
        )
    return dict(assertions.Template.from_stack(stack).to_json())


def group_config() -> GroupConfig:
    """Return what the reconciler reads from the group's parameter."""
    (parameter,) = (p for p in resources("AWS::SSM::Parameter") if "autoScalingGroup" in p["Value"])
    return parse("web", parameter["Value"])


def _seeded() -> list[dict[str, Any]]:
    return [item for seed in resources("Custom::DeploySeed") for item in seed.get("Items", ())]


def _fill(value: Any, defined: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_fill(element, defined) for element in value]
    if not isinstance(value, dict):
        return value
    fill = partial(_fill, defined=defined)
    match value:
        case {"Ref": str(name)}:
            return _PSEUDO_PARAMETERS.get(name, name)
        case {"Fn::Base64": text}:
            return fill(text)
        case {"Fn::Join": [separator, parts]}:
            return separator.join(fill(part) for part in parts)
        case {"Fn::GetAtt": [name, attribute]}:
            if defined.get(name, {}).get("Type") == "AWS::EC2::EIP":
                return BASTION_ADDRESS
            return f"{name}.{attribute}"
        case _:
            return {key: fill(element) for key, element in value.items()}
