"""What comes before a group and what outlives it."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk

from cdk_app import DeployedAutoScalingGroup, DeployHub
from tests.cdk_app.cases import BASTION, ENVIRONMENT, deploy_server, new_app
from tests.cdk_app.group.built import only, template_with, web
from tests.cdk_app.references import needs


class TestLife:
    def test_the_group_comes_last_and_goes_first(self, template: dict[str, Any]) -> None:
        """Its last terminations are told, reconciled and undeployed while it is being deleted."""
        name, _ = only(template, "AWS::AutoScaling::AutoScalingGroup")
        needed = needs(template, name)
        kinds = {template["Resources"][each]["Type"] for each in needed}
        assert kinds >= {
            "AWS::ApiGateway::Method",
            "AWS::ApiGateway::Stage",
            "AWS::DynamoDB::Table",
            "AWS::EC2::EIP",
            "AWS::EC2::Instance",
            "AWS::EC2::NatGateway",
            "AWS::EC2::Route",
            "AWS::Events::Rule",
            "AWS::Lambda::EventSourceMapping",
            "AWS::Lambda::Function",
            "AWS::SQS::Queue",
            "AWS::SQS::QueuePolicy",
            "AWS::SSM::Parameter",
            "AWS::Scheduler::Schedule",
            "Custom::DeploySeed",
        }
        policies = {
            each for each, resource in template["Resources"].items() if resource["Type"] == "AWS::IAM::Policy"
        }
        assert policies <= needed
        assert not [each for each in needed if name in needs(template, each)]

    def test_what_the_group_seeded_goes_before_what_it_shares(self, template: dict[str, Any]) -> None:
        seeds = {
            resource["Properties"]["Name"]: name
            for name, resource in template["Resources"].items()
            if resource["Type"] == "Custom::DeploySeed"
        }
        of_hub = seeds.pop("hub")
        (of_group,) = seeds.values()
        assert of_hub in needs(template, of_group)

    def test_a_hub_that_loses_a_group_changes_nothing_of_itself(self) -> None:
        def both(stack: cdk.Stack, hub: DeployHub) -> None:
            web(stack, hub)
            DeployedAutoScalingGroup(stack, "Batch", hub=hub, group_name="batch", max_capacity=2)

        one, two = template_with(web)["Resources"], template_with(both)["Resources"]
        assert {name: two[name] for name in one} == one
        lost = two.keys() - one.keys()
        assert all(name.startswith("Batch") for name in lost)

    def test_another_name_replaces_all_of_the_group_and_nothing_of_the_hub(self) -> None:
        def renamed(stack: cdk.Stack, hub: DeployHub) -> None:
            DeployedAutoScalingGroup(stack, "Web", hub=hub, group_name="shop", max_capacity=4)

        before, after = template_with(web)["Resources"], template_with(renamed)["Resources"]
        same = before.keys() & after.keys()
        assert all(name.startswith("Hub") for name in same)
        assert all(name.startswith("Web") for name in before.keys() ^ after.keys())
        assert {name: before[name] for name in same} == {name: after[name] for name in same}

    def test_groups_may_live_in_other_stacks_which_the_hub_does_not_know(self) -> None:
        app = new_app()
        shared, other = (cdk.Stack(app, name, env=ENVIRONMENT) for name in ("Shared", "Other"))
        hub = DeployHub(shared, "Hub", deploy=deploy_server(shared), bastion=BASTION)
        DeployedAutoScalingGroup(other, "Web", hub=hub, max_capacity=4)
        dependencies = {
            stack.stack_name: {each.id for each in stack.dependencies} for stack in app.synth().stacks
        }
        assert "Shared" in dependencies["Other"]
        assert "Other" not in dependencies["Shared"]
