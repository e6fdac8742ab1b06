from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Annotations, Match, Template

from cdk_app import (
    DeployedAutoScalingGroup,
    DeployHub,
    DirectAccess,
    ExistingJumpstation,
    HostTemplate,
    KeyFile,
    NewBastion,
)
from runtime import observability
from runtime.reconciliation.interruptions import MESSAGE_GROUP
from tests.cdk_app.cases import BASTION, ENVIRONMENT, deploy_server, existing_vpc, new_app, new_stack
from tests.cdk_app.references import written


def _made(subnets: Sequence[ec2.ISubnet]) -> list[ec2.Subnet]:
    """Return subnets as what they are: made here, not imported."""
    return [subnet for subnet in subnets if isinstance(subnet, ec2.Subnet)]


def hub_in(stack: cdk.Stack, **options: Any) -> DeployHub:  # noqa: ANN401 - passed on
    if "vpc" not in options:
        options["vpc"] = existing_vpc(stack)
    if "deploy" not in options:
        options["deploy"] = deploy_server(stack)
    return DeployHub(stack, "Hub", **{"bastion": BASTION, **options})


@pytest.fixture(scope="module")
def template() -> Template:
    stack = new_stack()
    hub_in(stack)
    return Template.from_stack(stack)


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


class TestAccess:
    def test_the_jumpstation_in_deploy_has_the_bastions_address_and_key(self) -> None:
        stack = new_stack()
        hub_in(stack)
        (seed,) = Template.from_stack(stack).find_resources("Custom::DeploySeed").values()
        (item,) = (each for each in seed["Properties"]["Items"] if each["type"] == "overthere.SshJumpstation")
        properties = written(item)["properties"]
        assert properties["address"].endswith(".PublicIp>")
        assert (properties["os"], properties["port"], properties["username"]) == ("UNIX", "22", "jump")
        assert written(item)["secretProperties"]["privateKey"]["parameter"].startswith("/ec2/keypair/<")

    def test_a_key_file_is_the_bastions_way_as_well_with_the_hubs_own_pair(self) -> None:
        stack = new_stack()
        hub = hub_in(stack, login=KeyFile(path="/opt/deploy/key.pem"))
        assert hub.key_pair is not None
        built = Template.from_stack(stack)
        (seed,) = built.find_resources("Custom::DeploySeed").values()
        (item,) = (each for each in seed["Properties"]["Items"] if each["type"] == "overthere.SshJumpstation")
        assert item["properties"]["privateKeyFile"] == "/opt/deploy/key.pem"
        assert "secretProperties" not in item
        assert "/ec2/keypair/" not in json.dumps(written(built.find_resources("AWS::IAM::Policy")))

    @pytest.mark.parametrize(
        ("access", "jumpstation"),
        [
            (DirectAccess(allowed_cidrs=["10.1.0.0/16"]), None),
            (
                ExistingJumpstation(ci_id="Infrastructure/jump", allowed_cidrs=["10.1.0.4/32"]),
                "Infrastructure/jump",
            ),
        ],
        ids=["direct", "existing jumpstation"],
    )
    def test_without_a_bastion_of_ours_no_machine_is_made(
        self, access: DirectAccess | ExistingJumpstation, jumpstation: str | None
    ) -> None:
        stack = new_stack()
        hub = hub_in(stack, bastion=access)
        assert hub.bastion is None
        assert hub.jumpstation == jumpstation
        built = Template.from_stack(stack)
        built.resource_count_is("AWS::EC2::Instance", 0)
        built.resource_count_is("AWS::EC2::EIP", 0)


class TestBastion:
    def test_its_address_outlives_it(self) -> None:
        def bastion_and_address(cidr: str) -> tuple[str, str]:
            stack = new_stack()
            hub_in(stack, vpc=None, vpc_cidr=cidr)
            built = Template.from_stack(stack)
            (instance,) = built.find_resources("AWS::EC2::Instance")
            (address,) = (
                name
                for name, each in built.find_resources("AWS::EC2::EIP").items()
                if each["Properties"].get("InstanceId") == {"Ref": instance}
            )
            return instance, address

        # Other subnets, so another set-up, so another machine.
        (before, address), (after, same) = (
            bastion_and_address("10.1.0.0/16"),
            bastion_and_address("10.2.0.0/16"),
        )
        assert before != after
        assert address == same

    def test_its_set_up_names_the_groups_subnets(self) -> None:
        stack = new_stack()
        hub_in(stack)
        (instance,) = Template.from_stack(stack).find_resources("AWS::EC2::Instance").values()
        script = instance["Properties"]["UserData"]["Fn::Base64"]
        assert script.startswith("#!/bin/bash\nSUBNETS='10.7.128.0/24 10.7.129.0/24'\n")
        for line in (
            "MaxStartups 100:30:200",
            "PermitOpen *:22",
            "AllowTcpForwarding local",
            "MaxSessions 0",
        ):
            assert f"\n{line}\n" in script

    def test_it_leads_to_ipv6_ranges_that_it_is_told(self) -> None:
        stack = new_stack()
        vpc = ec2.Vpc(stack, "Vpc", ip_protocol=ec2.IpProtocol.DUAL_STACK, max_azs=2)
        ranges = [cdk.Fn.select(0, subnet.subnet_ipv6_cidr_blocks) for subnet in _made(vpc.private_subnets)]
        bastion = NewBastion(allowed_cidrs=["203.0.113.10/32"], target_ipv6_cidrs=ranges)
        hub = hub_in(stack, vpc=vpc, bastion=bastion)
        group = DeployedAutoScalingGroup(
            stack, "Web", hub=hub, max_capacity=2, host_template=HostTemplate(address="ipv6")
        )
        built = Template.from_stack(stack)
        (instance,) = written(list(built.find_resources("AWS::EC2::Instance").values()))
        assert instance["Properties"]["Ipv6AddressCount"] == 1
        subnets = instance["Properties"]["UserData"]["Fn::Base64"].splitlines()[1]
        assert subnets.count("Ipv6CidrBlocks") == len(ranges) == 2
        (rules,) = (
            each["Properties"]["SecurityGroupEgress"]
            for each in built.find_resources("AWS::EC2::SecurityGroup").values()
            if each["Properties"]["GroupDescription"] == "Bastion for SSH from Deploy"
        )
        by_ipv6 = [rule for rule in rules if "CidrIpv6" in rule]
        assert [(rule["FromPort"], rule["ToPort"]) for rule in by_ipv6] == [(22, 22), (22, 22)]
        assert all("Ipv6CidrBlocks" in str(rule["CidrIpv6"]) for rule in by_ipv6)
        (settings,) = built.find_resources(
            "AWS::SSM::Parameter",
            {"Properties": {"Description": f"What the reconciler knows of {group.group_key}"}},
        ).values()
        assert json.loads(written(settings["Properties"]["Value"]))["address"] == "ipv6"

    def test_it_leads_to_the_subnets_that_you_choose(self) -> None:
        stack = new_stack()
        vpc = existing_vpc(stack)
        hub = hub_in(stack, vpc=vpc, subnets=ec2.SubnetSelection(subnets=[vpc.private_subnets[1]]))
        assert hub.group_subnets.subnet_ids == ["subnet-0123456789abcdef3"]
        (instance,) = Template.from_stack(stack).find_resources("AWS::EC2::Instance").values()
        assert "SUBNETS='10.7.129.0/24'" in instance["Properties"]["UserData"]["Fn::Base64"]


class TestPrivateServer:
    @pytest.fixture(scope="class")
    @classmethod
    def built(cls) -> Template:
        stack = new_stack()
        bundle = ssm.StringParameter.from_string_parameter_name(stack, "Bundle", "/trust/ca")
        hub = hub_in(
            stack,
            deploy=deploy_server(
                stack, private=True, ca_bundle=bundle, proxy="http://proxy.example.com:3128"
            ),
        )
        assert len(hub.connections.security_groups) == 1
        return Template.from_stack(stack)

    def test_our_functions_run_in_private_subnets(self, built: Template) -> None:
        ours = [
            function["Properties"]
            for function in built.find_resources("AWS::Lambda::Function").values()
            if function["Properties"]["Handler"].startswith("runtime.")
        ]
        assert len(ours) == 2
        for function in ours:
            assert function["VpcConfig"]["SubnetIds"] == [
                "subnet-0123456789abcdef2",
                "subnet-0123456789abcdef3",
            ]
            variables = function["Environment"]["Variables"]
            assert variables["DEPLOY_CA_BUNDLE"] == "/trust/ca"
            assert variables["DEPLOY_PROXY"] == "http://proxy.example.com:3128"
            assert not {"HTTPS_PROXY", "HTTP_PROXY"} & variables.keys()  # AWS is not behind it

    def test_they_connect_to_deploy_proxy_and_aws_alone(self, built: Template) -> None:
        (group,) = built.find_resources(
            "AWS::EC2::SecurityGroup", {"Properties": {"GroupDescription": "Functions that talk to Deploy"}}
        ).values()
        ports = [rule["FromPort"] for rule in group["Properties"]["SecurityGroupEgress"]]
        assert ports == [443, 3128, 4516]

    def test_they_may_read_the_certificates(self, built: Template) -> None:
        statements = json.dumps(built.find_resources("AWS::IAM::Policy"))
        assert statements.count("parameter/trust/ca") == 2


class TestObservability:
    def test_every_metric_that_needs_a_person_has_an_alarm(self) -> None:
        stack = new_stack()
        hub = hub_in(stack)
        built = Template.from_stack(stack)
        service = f"{hub.id}-reconciler"
        watched = {
            alarm["Properties"]["MetricName"]
            for alarm in built.find_resources("AWS::CloudWatch::Alarm").values()
            if alarm["Properties"]["Namespace"] == "DeployedAutoScalingGroup"
        }
        assert watched == set(observability.ALARMING)
        built.has_resource_properties(
            "AWS::CloudWatch::Alarm",
            {
                "MetricName": "BreakersOpen",
                "Dimensions": [{"Name": "service", "Value": service}],
                "Threshold": 1,
                "Statistic": "Sum",
                "TreatMissingData": "notBreaching",
            },
        )
        built.has_resource_properties(
            "AWS::Lambda::Function",
            {"Environment": {"Variables": Match.object_like({"POWERTOOLS_SERVICE_NAME": service})}},
        )

    def test_metrics_on_the_dashboard_are_the_reconcilers(self) -> None:
        stack = new_stack()
        hub = hub_in(stack)
        (board,) = Template.from_stack(stack).find_resources("AWS::CloudWatch::Dashboard").values()
        body = json.loads(written(board["Properties"]["DashboardBody"]))
        shown = {
            metric[1]
            for widget in body["widgets"]
            for metric in widget["properties"].get("metrics", [])
            if metric[0] == "DeployedAutoScalingGroup"
        }
        assert shown
        assert shown <= set(observability.METRICS)
        assert isinstance(hub.metric("HostsRegistered"), cloudwatch.Metric)

    def test_alarms_are_sent_to_a_topic_of_yours(self) -> None:
        stack = new_stack()
        hub = hub_in(
            stack,
            alarm_topic=sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-west-1:111111111111:ops"),
        )
        built = Template.from_stack(stack)
        alarms = built.find_resources("AWS::CloudWatch::Alarm").values()
        assert len(alarms) == len(hub.observability.alarms)
        assert all(
            alarm["Properties"]["AlarmActions"] == ["arn:aws:sns:eu-west-1:111111111111:ops"]
            for alarm in alarms
        )
        built.resource_count_is("AWS::SNS::Topic", 0)

    def test_alarms_are_mailed_when_addresses_are_given(self) -> None:
        stack = new_stack()
        hub_in(stack, alarm_emails=["a@example.com", "b@example.com"])
        built = Template.from_stack(stack)
        built.resource_count_is("AWS::SNS::Subscription", 2)
        built.has_resource_properties(
            "AWS::SNS::Subscription", {"Protocol": "email", "Endpoint": "a@example.com"}
        )

    @pytest.mark.parametrize("tracing", [True, False])
    def test_tracing_is_a_choice(self, tracing: bool) -> None:
        stack = new_stack()
        hub_in(stack, tracing=tracing)
        built = Template.from_stack(stack)
        modes = {
            function["Properties"].get("TracingConfig", {}).get("Mode", "PassThrough")
            for function in built.find_resources("AWS::Lambda::Function").values()
            if function["Properties"]["Handler"].startswith("runtime.")
        }
        assert modes == {"Active" if tracing else "PassThrough"}
        built.has_resource_properties("AWS::ApiGateway::Stage", {"TracingEnabled": tracing})


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
