"""Rules that hold for every resource of every case, and damage that shows what each rule sees."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from cdk_nag import AwsSolutionsChecks

from tests.cdk_app import invariants
from tests.cdk_app.cases import CASES, Case, properties, synthesize
from tests.cdk_app.invariants import RULES, Rule, Templates

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
FULL = next(case for case in CASES if case.name == "full")
ENDPOINT = next(case for case in CASES if case.name == "endpoint delivery")


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


@every_case
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_template_keeps_the_rule(rule: Rule, case: Case) -> None:
    assert list(rule(synthesize(case))) == []


@every_case
def test_what_the_rules_are_about_is_there(case: Case) -> None:
    made = synthesize(case)
    by_function = not case.name.startswith("endpoint delivery")
    assert len(list(invariants.of(made, "AWS::DynamoDB::Table"))) == by_function
    for kind in ("AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::ApiGateway::Method", "AWS::IAM::Policy"):
        assert list(invariants.of(made, kind))


def first(templates: Templates, kind: str, place: str = "") -> Any:  # noqa: ANN401 - JSON
    """Return the properties of the first resource of a type, or a place in them."""
    value: Any
    _, value = next(iter(invariants.of(templates, kind)))
    for key in filter(None, place.split(".")):
        value = value[index(key)]
    return value


def index(key: str) -> int | str:
    return int(key) if key.isdigit() else key


def put(kind: str, place: str, value: object) -> Callable[[Templates], None]:
    """Return the damage that sets a value somewhere in the first resource of a type."""
    parent, _, key = place.rpartition(".")
    return lambda templates: first(templates, kind, parent).__setitem__(index(key), value)


def drop(kind: str, place: str) -> Callable[[Templates], None]:
    """Return the damage that takes something out of the first resource of a type."""
    parent, _, key = place.rpartition(".")
    return lambda templates: first(templates, kind, parent).__delitem__(index(key))


def add(kind: str, **properties: object) -> Callable[[Templates], None]:
    """Return the damage that adds a resource to the first stack."""
    resource = {"Type": kind, "Properties": properties}
    return lambda templates: next(iter(templates.values()))["Resources"].update(Added=resource)


def all_subnets_public(templates: Templates) -> None:
    for _, subnet in invariants.of(templates, "AWS::EC2::Subnet"):
        subnet["MapPublicIpOnLaunch"] = True


def shown_parameter(templates: Templates) -> None:
    templates["Stack"]["Parameters"]["AdminPassword"] = {"Type": "String"}


STATEMENT = "PolicyDocument.Statement.0"
EVERYBODY = {"Effect": "Allow", "Action": "sqs:SendMessage", "Principal": "*"}
SERVICE = {**EVERYBODY, "Principal": {"Service": "sns.amazonaws.com"}}
INGRESS = "AWS::EC2::SecurityGroupIngress"
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
INSTANCE, TEMPLATE = "AWS::EC2::Instance", "AWS::EC2::LaunchTemplate"
GROUP = "AWS::AutoScaling::AutoScalingGroup"
DAMAGE: dict[str, tuple[Rule, Callable[[Templates], None]]] = {
    "an action for all": (
        invariants.permissions_are_narrow,
        put("AWS::IAM::Policy", f"{STATEMENT}.Action", ["sqs:*"]),
    ),
    "a resource for all": (
        invariants.permissions_are_narrow,
        put("AWS::IAM::Policy", STATEMENT, {"Action": "s3:GetObject", "Resource": "*"}),
    ),
    "all resources but one": (
        invariants.permissions_are_narrow,
        drop("AWS::IAM::Policy", f"{STATEMENT}.Resource"),
    ),
    "a policy inside of a role": (
        invariants.permissions_are_narrow,
        add(
            "AWS::IAM::Role",
            Policies=[{"PolicyDocument": {"Statement": [{"Action": "s3:GetObject", "Resource": "*"}]}}],
        ),
    ),
    "a managed policy": (
        invariants.no_managed_policy_is_used,
        put("AWS::IAM::Role", "ManagedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
    ),
    "a queue for everybody": (
        invariants.nobody_is_everybody,
        put("AWS::SQS::QueuePolicy", STATEMENT, EVERYBODY),
    ),
    "a queue for every account": (
        invariants.nobody_is_everybody,
        put("AWS::SQS::QueuePolicy", STATEMENT, {**EVERYBODY, "Principal": {"AWS": ["*"]}}),
    ),
    "a queue for a service on anybody's behalf": (
        invariants.nobody_is_everybody,
        put("AWS::SQS::QueuePolicy", STATEMENT, SERVICE),
    ),
    "a role for everybody": (
        invariants.nobody_is_everybody,
        put("AWS::IAM::Role", "AssumeRolePolicyDocument.Statement.0.Principal", {"AWS": "*"}),
    ),
    "a function for everybody": (
        invariants.nobody_is_everybody,
        add("AWS::Lambda::Permission", Principal="*"),
    ),
    "a queue without its policy": (
        invariants.queues_are_encrypted_and_refuse_plain_http,
        drop("AWS::SQS::QueuePolicy", "Queues.0"),
    ),
    "a queue that refuses one action": (
        invariants.queues_are_encrypted_and_refuse_plain_http,
        put("AWS::SQS::QueuePolicy", f"{STATEMENT}.Action", "sqs:SendMessage"),
    ),
    "a queue in the clear": (
        invariants.queues_are_encrypted_and_refuse_plain_http,
        put("AWS::SQS::Queue", "SqsManagedSseEnabled", False),
    ),
    "a queue that EventBridge cannot write to": (
        invariants.queues_are_encrypted_and_refuse_plain_http,
        put("AWS::SQS::Queue", "KmsMasterKeyId", "alias/aws/sqs"),
    ),
    "a topic without a policy": (
        invariants.topics_refuse_plain_http_and_take_alarms,
        add("AWS::SNS::Topic"),
    ),
    "a topic that no alarm may publish to": (
        invariants.topics_refuse_plain_http_and_take_alarms,
        drop("AWS::SNS::TopicPolicy", "PolicyDocument.Statement.1"),
    ),
    "a topic that takes plain http": (
        invariants.topics_refuse_plain_http_and_take_alarms,
        drop("AWS::SNS::TopicPolicy", "PolicyDocument.Statement.0"),
    ),
    "a log for ever": (
        invariants.functions_log_for_a_limited_time,
        drop("AWS::Logs::LogGroup", "RetentionInDays"),
    ),
    "a log that Lambda makes": (
        invariants.functions_log_for_a_limited_time,
        drop("AWS::Lambda::Function", "LoggingConfig"),
    ),
    "the internet": (invariants.nothing_is_open_to_everybody, add(INGRESS, **SSH, CidrIp="0.0.0.0/0")),
    "the internet over IPv6": (invariants.nothing_is_open_to_everybody, add(INGRESS, **SSH, CidrIpv6="::/0")),
    "every port": (
        invariants.nothing_is_open_to_everybody,
        add(INGRESS, IpProtocol="tcp", FromPort=0, ToPort=65535, CidrIp="10.0.0.0/8"),
    ),
    "a rule inside of a security group": (
        invariants.nothing_is_open_to_everybody,
        add("AWS::EC2::SecurityGroup", SecurityGroupIngress=[{**SSH, "CidrIp": "0.0.0.0/0"}]),
    ),
    "public subnets": (
        invariants.groups_are_in_private_subnets,
        all_subnets_public,
    ),
    "IMDSv1 on the bastion": (
        invariants.machines_ask_for_imdsv2_and_have_encrypted_disks,
        drop(INSTANCE, "MetadataOptions"),
    ),
    "IMDSv1 on instances": (
        invariants.machines_ask_for_imdsv2_and_have_encrypted_disks,
        put(TEMPLATE, "LaunchTemplateData.MetadataOptions.HttpTokens", "optional"),
    ),
    "a disk in the clear": (
        invariants.machines_ask_for_imdsv2_and_have_encrypted_disks,
        put(TEMPLATE, "LaunchTemplateData.BlockDeviceMappings.0.Ebs.Encrypted", False),
    ),
    "the image's own disk": (
        invariants.machines_ask_for_imdsv2_and_have_encrypted_disks,
        drop(INSTANCE, "BlockDeviceMappings"),
    ),
    "a group without a launch template": (
        invariants.machines_ask_for_imdsv2_and_have_encrypted_disks,
        drop(GROUP, "LaunchTemplate"),
    ),
    "a method for everybody": (
        invariants.methods_want_a_signature_and_validate,
        put("AWS::ApiGateway::Method", "AuthorizationType", "NONE"),
    ),
    "a method that validates nothing": (
        invariants.methods_want_a_signature_and_validate,
        drop("AWS::ApiGateway::Method", "RequestValidatorId"),
    ),
    "a table with AWS's own key": (
        invariants.tables_are_encrypted_and_recoverable,
        drop("AWS::DynamoDB::Table", "SSESpecification"),
    ),
    "a table without recovery": (
        invariants.tables_are_encrypted_and_recoverable,
        drop("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification"),
    ),
    "a key": (
        invariants.no_secret_is_written_out,
        put("AWS::Lambda::Function", "Description", "-----BEGIN OPENSSH PRIVATE KEY-----"),
    ),
    "a password": (
        invariants.no_secret_is_written_out,
        put("AWS::Lambda::Function", "Environment.Variables.DEPLOY_PASSWORD", "hunter2"),
    ),
    "a password in an item": (
        invariants.no_secret_is_written_out,
        put("Custom::DeploySeed", "Items.0.properties", {"password": "hunter2"}),
    ),
    "a parameter that is shown": (invariants.no_secret_is_written_out, shown_parameter),
    "a reference that CloudFormation would resolve": (
        invariants.no_secret_is_written_out,
        put("AWS::Lambda::Function", "Description", "{{resolve:secretsmanager:deploy/credentials}}"),
    ),
    "the account's role for the API's logs": (
        invariants.no_account_wide_setting_is_touched,
        add("AWS::ApiGateway::Account"),
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_the_rule_sees(name: str) -> None:
    rule, damage = DAMAGE[name]
    templates = copy.deepcopy(synthesize(FULL))
    damage(templates)
    assert list(rule(templates))


def test_the_rule_sees_a_login_to_the_endpoint_that_is_written_out() -> None:
    templates = copy.deepcopy(synthesize(ENDPOINT))
    headers = first(templates, "AWS::ApiGateway::Method", "Integration.RequestParameters")
    headers["integration.request.header.Authorization"] = "'Basic YWRtaW46cHc='"
    assert list(invariants.no_secret_is_written_out(templates))


def test_every_rule_has_its_damage() -> None:
    assert {rule for rule, _ in DAMAGE.values()} == set(RULES)


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
