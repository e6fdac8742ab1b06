"""What the stack, the seeder and the reconciler write about SSH, with the part of CloudFormation."""

from __future__ import annotations

from functools import partial
from typing import Any

from runtime.deploy.metadata import Property
from runtime.reconciliation.config import GroupConfig, parse
from runtime.reconciliation.registration import host_item
from tests.cdk_app.cases import CASES, synthesize

APP = next(case for case in CASES if case.name == "app")
BASTION_ADDRESS = "203.0.113.1"
_PSEUDO_PARAMETERS = {"AWS::AccountId": "123456789012", "AWS::Region": "us-east-1", "AWS::Partition": "aws"}


def resources(kind: str) -> list[dict[str, Any]]:
    """Return the properties of the app's resources of a type, with their values filled in."""
    (template,) = synthesize(APP).values()
    return [
        _fill(resource["Properties"], template["Resources"])
        for resource in template["Resources"].values()
        if resource["Type"] == kind
    ]


def bastion_user_data() -> str:
    (instance,) = resources("AWS::EC2::Instance")
    return str(instance["UserData"])


def subnets(*, public: bool) -> list[str]:
    found = resources("AWS::EC2::Subnet")
    return [subnet["CidrBlock"] for subnet in found if bool(subnet.get("MapPublicIpOnLaunch")) is public]


def jumpstation(private_key: str) -> dict[str, Any]:
    """Return the CI that the seeder creates for the bastion."""
    (item,) = (item for item in _seeded() if item["type"] == "overthere.SshJumpstation")
    return {**item["properties"], **dict.fromkeys(item["secretProperties"], private_key)}


def host(private_key: str, address: str, **template_properties: str) -> dict[str, Any]:
    """Return the CI that the reconciler creates for an instance, from the template that the seeder created.

    Parameters
    ----------
    private_key
        What is in the key pair's parameter.
    address
        The instance's.
    template_properties
        What people set with the context key ``templateProperties``.
    """
    config = group_config()
    (seeded,) = (item for item in _seeded() if item["type"] == "aws.asg.ec2SshHostTemplate")
    template = {"id": seeded["id"], "type": seeded["type"], **seeded["properties"], **template_properties}
    known = {name: Property(name, "STRING", password=False) for name in template}
    return host_item(config, template, known, dict.fromkeys(config.secrets, private_key), "i-0abc", address)


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
