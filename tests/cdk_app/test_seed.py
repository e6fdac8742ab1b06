"""When the seeder is called, what with, and where its answer is seen."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from cdk_app import DeployedAutoScalingGroup, DeployHub
from tests.cdk_app.cases import BASTION, ENVIRONMENT, deploy_server, new_app
from tests.cdk_app.references import written

AGAIN = "deployed-auto-scaling-group:seed-again"


def stack_of(*environments: str, **context: str) -> tuple[cdk.Stack, DeployHub]:
    """Return a stack with a hub and a group for each environment."""
    stack = cdk.Stack(new_app(flags=False, **context), "Stack", env=ENVIRONMENT)
    hub = DeployHub(stack, "Hub", deploy=deploy_server(stack), bastion=BASTION)
    for number, environment in enumerate(environments):
        DeployedAutoScalingGroup(
            stack, f"Group{number}", hub=hub, max_capacity=2, environment=environment, group_name=f"g{number}"
        )
    return stack, hub


def seeds(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """Return the properties of each seed by the name of its record."""
    found = Template.from_stack(stack).find_resources("Custom::DeploySeed").values()
    return {each["Properties"]["Name"]: written(each["Properties"]) for each in found}


def test_directories_that_groups_share_are_the_hubs() -> None:
    stack, _ = stack_of(
        "Environments/{group}",
        "Environments/shop/{group}",
        "Environments/shop/{group}-live",
        "Environments/web",
    )
    hub = seeds(stack)["hub"]
    directories = [each["id"] for each in hub["Items"] if each["type"] == "core.Directory"]
    assert directories == [
        "Infrastructure/aws/<AWS::AccountId>/<AWS::Region>",
        "Environments",
        "Environments/shop",
    ]
    assert hub["Items"][: len(directories)] == [{"id": e, "type": "core.Directory"} for e in directories]


def test_an_environment_that_is_known_at_deployment_only_is_no_directory_of_the_hubs() -> None:
    stack, _ = stack_of(f"Environments/{cdk.Aws.STACK_NAME}/web")
    directories = [each["id"] for each in seeds(stack)["hub"]["Items"] if each["type"] == "core.Directory"]
    assert directories == ["Infrastructure/aws/<AWS::AccountId>/<AWS::Region>"]


def test_nothing_calls_the_seeder_again_unless_it_is_asked_for() -> None:
    plain, asked, anew = (
        seeds(stack_of("Environments/{group}", **context)[0])
        for context in ({}, {AGAIN: "1795529000"}, {AGAIN: "1795529001"})
    )
    assert {name: {**each, "Again": "1795529000"} for name, each in plain.items()} == asked
    assert all(asked[name] != anew[name] for name in plain)


def test_cloudformation_gives_up_after_the_function_and_long_before_its_own_hour() -> None:
    stack, _ = stack_of("Environments/{group}")
    functions = Template.from_stack(stack).find_resources("AWS::Lambda::Function").values()
    (limit,) = (
        f["Properties"]["Timeout"]
        for f in functions
        if f["Properties"].get("Handler") == "runtime.handlers.seed.handler"
    )
    for seed in seeds(stack).values():
        assert 2 * limit < int(seed["ServiceTimeout"]) < 3600


@pytest.mark.parametrize("name", ["remarks", "lacking", "skipped", "retained"])
def test_what_the_seeder_says_can_be_an_output(name: str) -> None:
    stack, hub = stack_of()
    cdk.CfnOutput(stack, "Said", value=getattr(hub.seed, name))
    (said,) = Template.from_stack(stack).find_outputs("Said").values()
    assert said["Value"]["Fn::GetAtt"][1] == name.title()
