"""Rules that hold for every resource of every case."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from cdk_nag import AwsSolutionsChecks

from tests.cdk_app.cases import CASES, Case, properties, resources, synthesize

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def statements(case: Case) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for name, resource in resources(case, kind):
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                yield name, statement


def as_list(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


@every_case
def test_cdk_nag_finds_nothing_that_is_not_acknowledged(case: Case) -> None:
    app = case.build(case.flags)
    report = AwsSolutionsChecks(app).validate_scope(app)
    found = [
        (violation.rule_name, place.construct_path)
        for violation in report.violations
        for place in violation.violating_resources
    ]
    assert found == []


# Actions for which the service authorization reference knows no resource.
WITHOUT_RESOURCE = {
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:DescribeWarmPool",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeInstances",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSpotInstanceRequests",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


@every_case
def test_permissions_name_actions_and_the_narrowest_resource(case: Case) -> None:
    for name, statement in statements(case):
        actions = as_list(statement["Action"])
        assert not [action for action in actions if "*" in action], name
        if "*" in as_list(statement["Resource"]):
            assert set(actions) <= WITHOUT_RESOURCE, name


@every_case
def test_no_managed_policy_of_aws_is_used(case: Case) -> None:
    for role in properties(case, "AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role


@every_case
def test_no_secret_value_is_in_a_template(case: Case) -> None:
    text = json.dumps(synthesize(case))
    # The endpoint delivery's login: a reference that CloudFormation resolves, in one header and nowhere else.
    logins = [
        method["Integration"]["RequestParameters"]["integration.request.header.Authorization"]
        for method in properties(case, "AWS::ApiGateway::Method")
        if method["Integration"]["Type"] == "HTTP"
    ]
    assert len(logins) == text.count("{{resolve:secretsmanager") == case.name.startswith("endpoint delivery")
    assert "PRIVATE KEY" not in text
    for function in properties(case, "AWS::Lambda::Function"):
        for name in function.get("Environment", {}).get("Variables", {}):
            assert not re.search("PASSWORD|TOKEN|PRIVATE", name)


@every_case
def test_queues_are_encrypted_and_refuse_plain_http(case: Case) -> None:
    protected = {
        reference["Ref"]
        for policy in properties(case, "AWS::SQS::QueuePolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for reference in policy["Queues"]
    }
    for name, queue in resources(case, "AWS::SQS::Queue"):
        assert name.rpartition("/")[2] in protected
        assert queue["Properties"].get("SqsManagedSseEnabled", True)
        assert "KmsMasterKeyId" not in queue["Properties"]  # EventBridge could not write to it


@every_case
def test_every_function_logs_for_a_limited_time(case: Case) -> None:
    groups = {name.rpartition("/")[2] for name, _ in resources(case, "AWS::Logs::LogGroup")}
    for function in properties(case, "AWS::Lambda::Function"):
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in groups
    for group in properties(case, "AWS::Logs::LogGroup"):
        assert group["RetentionInDays"] == 90


@every_case
def test_nothing_is_open_to_everybody(case: Case) -> None:
    rules = [
        rule
        for group in properties(case, "AWS::EC2::SecurityGroup")
        for rule in group.get("SecurityGroupIngress", [])
    ]
    rules += properties(case, "AWS::EC2::SecurityGroupIngress")
    for rule in rules:
        assert (rule["FromPort"], rule["ToPort"]) == (22, 22)
        for cidr in (rule.get("CidrIp"), rule.get("CidrIpv6")):
            assert cidr is None or ipaddress.ip_network(cidr).prefixlen > 0


@every_case
def test_the_bastion_reaches_ssh_in_the_groups_subnets_and_https(case: Case) -> None:
    for group in properties(case, "AWS::EC2::SecurityGroup"):
        if group["GroupDescription"] != "Bastion for SSH from Deploy":
            continue
        private = [
            subnet["CidrBlock"]
            for subnet in properties(case, "AWS::EC2::Subnet")
            if not subnet["MapPublicIpOnLaunch"]
        ] or ["10.7.128.0/24", "10.7.129.0/24"]
        reached = sorted((rule["FromPort"], rule["CidrIp"]) for rule in group["SecurityGroupEgress"])
        assert reached == sorted([(22, cidr) for cidr in private] + [(443, "0.0.0.0/0")])


@every_case
def test_machines_ask_for_imdsv2_and_have_encrypted_disks(case: Case) -> None:
    launched = list(properties(case, "AWS::EC2::Instance"))
    launched += [each["LaunchTemplateData"] for each in properties(case, "AWS::EC2::LaunchTemplate")]
    assert launched
    for machine in launched:
        assert machine["MetadataOptions"]["HttpTokens"] == "required"
        assert all(device["Ebs"]["Encrypted"] for device in machine["BlockDeviceMappings"])


@every_case
def test_every_method_of_the_api_wants_a_signature_and_validates(case: Case) -> None:
    methods = list(properties(case, "AWS::ApiGateway::Method"))
    assert methods
    for method in methods:
        assert method["AuthorizationType"] == "AWS_IAM"
        assert "RequestValidatorId" in method


@every_case
def test_the_table_is_encrypted(case: Case) -> None:
    tables = list(properties(case, "AWS::DynamoDB::Table"))
    assert len(tables) == (not case.name.startswith("endpoint delivery"))
    for table in tables:
        assert table["SSESpecification"] == {"SSEEnabled": True}


@every_case
def test_no_account_wide_setting_is_touched(case: Case) -> None:
    assert not list(resources(case, "AWS::ApiGateway::Account"))
    assert not list(resources(case, "AWS::AutoScaling::LaunchConfiguration"))
