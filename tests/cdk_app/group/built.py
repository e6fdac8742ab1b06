"""A group's template, and the parts of it that its tests look at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_cdk.assertions import Template

from cdk_app import DeployedAutoScalingGroup, DeployHub
from cdk_app.bundling import PYTHON_VERSION
from tests.cdk_app.cases import BASTION, deploy_server, existing_vpc, new_stack
from tests.cdk_app.references import written

if TYPE_CHECKING:
    import aws_cdk as cdk


def template_with(build: Callable[[cdk.Stack, DeployHub], object], *, vpc: bool = True) -> dict[str, Any]:
    stack = new_stack()
    network = existing_vpc(stack) if vpc else None
    hub = DeployHub(stack, "Hub", deploy=deploy_server(stack), bastion=BASTION, vpc=network)
    build(stack, hub)
    return dict(Template.from_stack(stack).to_json())


def only(template: dict[str, Any], kind: str) -> tuple[str, dict[str, Any]]:
    ((name, resource),) = (
        (name, resource) for name, resource in template["Resources"].items() if resource["Type"] == kind
    )
    return name, resource["Properties"]


def rule_of(template: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the rule of the one group; the other one is the hub's."""
    ((name, resource),) = (
        (name, resource)
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Events::Rule" and "detail" in resource["Properties"]["EventPattern"]
    )
    return name, resource["Properties"]


def web(stack: cdk.Stack, hub: DeployHub) -> DeployedAutoScalingGroup:
    return DeployedAutoScalingGroup(stack, "Web", hub=hub, group_name="web", max_capacity=4)


def settings(template: dict[str, Any]) -> dict[str, Any]:
    _, parameter = only(template, "AWS::SSM::Parameter")
    parsed: dict[str, Any] = json.loads(written(parameter["Value"]))
    return parsed


def environment(template: dict[str, Any], handler: str) -> dict[str, Any]:
    (function,) = (
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function" and resource["Properties"]["Handler"] == handler
    )
    assert function["Runtime"] == f"python{PYTHON_VERSION}"
    assert function["Architectures"] == ["arm64"]
    variables: dict[str, Any] = written(function["Environment"]["Variables"])
    return variables
