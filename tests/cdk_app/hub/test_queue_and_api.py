"""How a hub takes hints: its queue and its API."""

from __future__ import annotations

import re

import aws_cdk as cdk
from aws_cdk.assertions import Match, Template

from cdk_app import DeployedAutoScalingGroup, DeployHub
from runtime.reconciliation.interruptions import MESSAGE_GROUP
from tests.cdk_app.cases import BASTION, deploy_server, existing_vpc, new_stack
from tests.cdk_app.hub.built import hub_in
from tests.cdk_app.references import written


class TestQueue:
    def test_hints_rest_then_go_one_group_at_a_time(self, template: Template) -> None:
        template.has_resource_properties(
            "AWS::SQS::Queue",
            {
                "FifoQueue": True,
                "DelaySeconds": 2,
                "ContentBasedDeduplication": True,
                "VisibilityTimeout": 360,
                "RedrivePolicy": Match.object_like({"maxReceiveCount": 5}),
            },
        )

    def test_a_hint_stays_hidden_longer_than_the_reconciler_runs(self, template: Template) -> None:
        (queue,) = (
            each["Properties"]
            for each in template.find_resources("AWS::SQS::Queue").values()
            if "RedrivePolicy" in each["Properties"]
        )
        (function,) = template.find_resources(
            "AWS::Lambda::Function", {"Properties": {"Handler": "runtime.handlers.reconcile.handler"}}
        ).values()
        assert function["Properties"]["Timeout"] < queue["VisibilityTimeout"]

    def test_failed_hints_of_a_batch_come_back_alone(self, template: Template) -> None:
        template.has_resource_properties(
            "AWS::Lambda::EventSourceMapping",
            {
                "BatchSize": 10,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": 5},
            },
        )

    def test_rules_of_this_account_alone_may_leave_dead_events(self, template: Template) -> None:
        policies = written(list(template.find_resources("AWS::SQS::QueuePolicy").values()))
        allowed = [
            statement
            for policy in policies
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow"
        ]
        assert {"ArnLike": {"aws:SourceArn": "arn:aws:events:eu-west-1:111111111111:rule/*"}} in [
            statement["Condition"] for statement in allowed
        ]

    def test_the_rule_of_spot_instances_and_no_other_may_put_its_events_into_the_queue(
        self, template: Template
    ) -> None:
        ((name, rule),) = template.find_resources("AWS::Events::Rule").items()
        (target,) = rule["Properties"]["Targets"]
        queue = target["Arn"]["Fn::GetAtt"][0]
        statements = [
            statement
            for policy in template.find_resources("AWS::SQS::QueuePolicy").values()
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow" and statement["Resource"] == target["Arn"]
        ]
        assert statements == [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"],
                "Resource": target["Arn"],
                "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": [name, "Arn"]}}},
            }
        ]
        # What EventBridge asks of a FIFO queue (its user guide, "Amazon SQS queue targets").
        fifo = template.find_resources("AWS::SQS::Queue")[queue]["Properties"]
        assert fifo["ContentBasedDeduplication"] is True
        assert "DeadLetterConfig" in target
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 120}

    def test_the_message_group_of_spot_instances_is_the_reconcilers_and_no_groups_key(
        self, template: Template
    ) -> None:
        (rule,) = template.find_resources("AWS::Events::Rule").values()
        (target,) = rule["Properties"]["Targets"]
        message_group = target["SqsParameters"]["MessageGroupId"]
        assert message_group == MESSAGE_GROUP
        stack = cdk.Stack(cdk.App(), message_group.replace(".", "-"))
        hub = hub_in(stack, vpc=existing_vpc(stack), deploy=deploy_server(stack))
        named = DeployedAutoScalingGroup(stack, message_group, hub=hub, max_capacity=1)
        assert re.fullmatch(r"[A-Za-z0-9-]+", named.group_key)
        assert not re.fullmatch(r"[A-Za-z0-9-]+", message_group)


class TestApi:
    def test_events_must_name_what_the_queue_needs(self, template: Template) -> None:
        (model,) = template.find_resources("AWS::ApiGateway::Model").values()
        schema = model["Properties"]["Schema"]
        assert schema["required"] == ["id", "detail-type", "source", "detail"]
        assert schema["properties"]["detail"]["required"] == ["AutoScalingGroupName", "EC2InstanceId"]

    def test_answers_let_eventbridge_retry_or_give_up(self, template: Template) -> None:
        for method in template.find_resources("AWS::ApiGateway::Method").values():
            answers = method["Properties"]["Integration"]["IntegrationResponses"]
            assert [(each["StatusCode"], each.get("SelectionPattern")) for each in answers] == [
                ("202", None),
                ("400", r"4\d{2}"),
                ("503", r"5\d{2}"),
            ]

    def test_the_groups_key_is_required(self, template: Template) -> None:
        required = [
            method["Properties"]["RequestParameters"]
            for method in template.find_resources("AWS::ApiGateway::Method").values()
        ]
        assert required == [{"method.request.path.group": True}] * 2

    def test_it_has_a_name_of_its_own_by_which_metrics_tell_it_from_others(self) -> None:
        stack = new_stack()
        vpc = existing_vpc(stack)
        hubs = [
            DeployHub(
                stack, name, deploy=deploy_server(cdk.Stack(stack, name + "s")), bastion=BASTION, vpc=vpc
            )
            for name in ("One", "Other")
        ]
        names = {
            api["Properties"]["Name"]
            for api in Template.from_stack(stack).find_resources("AWS::ApiGateway::RestApi").values()
        }
        assert names == {hub.id for hub in hubs}
        assert len(names) == 2


def test_how_many_groups_at_a_time_may_be_known_at_deployment_only() -> None:
    stack = new_stack()
    parameter = cdk.CfnParameter(stack, "Groups", type="Number")
    hub_in(stack, max_concurrency=parameter.value_as_number)
    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::EventSourceMapping", {"ScalingConfig": {"MaximumConcurrency": {"Ref": "Groups"}}}
    )
