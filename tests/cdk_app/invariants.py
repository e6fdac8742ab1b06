"""What must hold for every template: each rule takes the templates of a case and returns what breaks it."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.cdk_app.cases import Template

Templates = dict[str, Template]
Rule = Callable[[Templates], Iterator[str]]

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
# Where resources keep the policy that says who may come.
POLICIES = ("PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy", "ResourcePolicy", "Policy")
PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}
RETENTION_DAYS = 90
SECRETS = re.compile(r"(password|passphrase|secret|token|privatekey|accesskey)$", re.IGNORECASE)


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return value if isinstance(value, list) else [value]


def of(templates: Templates, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return logical id and properties of every resource of some types."""
    for template in templates.values():
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] in kinds:
                yield logical_id, resource.get("Properties", {})


def statements(templates: Templates) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every statement that says what a role may do."""
    for name, policy in of(templates, "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for statement in policy["PolicyDocument"]["Statement"]:
            yield name, statement
    for name, role in of(templates, "AWS::IAM::Role"):
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def admissions(templates: Templates) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every statement that says who may come: of resources' policies and of roles' trust."""
    for template in templates.values():
        for name, resource in template["Resources"].items():
            properties = resource.get("Properties", {})
            for key in POLICIES:
                for statement in properties.get(key, {}).get("Statement", []):
                    if "Principal" in statement or "NotPrincipal" in statement:
                        yield name, statement


def permissions_are_narrow(templates: Templates) -> Iterator[str]:
    for name, statement in statements(templates):
        if not {"Action", "Resource"} <= statement.keys():
            yield f"{name}: all but some actions or resources"
            continue
        actions = as_list(statement["Action"])
        yield from (f"{name}: {action}" for action in actions if "*" in action)
        if "*" in as_list(statement["Resource"]) and not set(actions) <= WITHOUT_RESOURCE:
            yield f"{name}: {actions} on everything"


def no_managed_policy_is_used(templates: Templates) -> Iterator[str]:
    yield from (name for name, role in of(templates, "AWS::IAM::Role") if "ManagedPolicyArns" in role)


def nobody_is_everybody(templates: Templates) -> Iterator[str]:
    for name, statement in admissions(templates):
        if statement["Effect"] == "Deny":
            continue
        principal = statement.get("Principal", "*")
        if principal == "*" or "*" in as_list(principal.get("AWS", [])):
            yield f"{name}: everybody may {statement['Action']}"
        for_whomever = "aws:Source" not in json.dumps(statement.get("Condition", {}))
        if "Service" in principal and for_whomever and statement["Action"] != "sts:AssumeRole":
            yield f"{name}: {principal} for whomever"
    for name, permission in of(templates, "AWS::Lambda::Permission"):
        if permission["Principal"] == "*":
            yield f"{name}: everybody may call"


def refused_in_the_clear(templates: Templates, kind: str, resources: str, action: str) -> set[str]:
    """Return what refuses plain http to everybody."""
    return {
        reference["Ref"]
        for _, policy in of(templates, kind)
        for statement in policy["PolicyDocument"]["Statement"]
        if (statement["Effect"], statement["Action"]) == ("Deny", action)
        and statement["Principal"] in ("*", {"AWS": "*"})
        and statement["Condition"] == PLAIN_HTTP
        for reference in policy[resources]
    }


def queues_are_encrypted_and_refuse_plain_http(templates: Templates) -> Iterator[str]:
    protected = refused_in_the_clear(templates, "AWS::SQS::QueuePolicy", "Queues", "sqs:*")
    for name, queue in of(templates, "AWS::SQS::Queue"):
        if name not in protected:
            yield f"{name}: plain http"
        if queue.get("SqsManagedSseEnabled") is not True:
            yield f"{name}: not encrypted"
        if "KmsMasterKeyId" in queue:
            yield f"{name}: EventBridge cannot write to it with a key"


def topics_refuse_plain_http_and_take_alarms(templates: Templates) -> Iterator[str]:
    """SNS encrypts its disks; with AWS's key for SNS, CloudWatch could not publish."""
    protected = refused_in_the_clear(templates, "AWS::SNS::TopicPolicy", "Topics", "sns:Publish")
    # A policy replaces SNS's own, which lets the account's alarms in.
    open_to_alarms = {
        reference["Ref"]
        for _, policy in of(templates, "AWS::SNS::TopicPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if (statement["Effect"], statement["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
        for reference in policy["Topics"]
    }
    for name, _ in of(templates, "AWS::SNS::Topic"):
        if name not in protected:
            yield f"{name}: plain http"
        if name not in open_to_alarms:
            yield f"{name}: no alarm can publish"


def functions_log_for_a_limited_time(templates: Templates) -> Iterator[str]:
    groups = dict(of(templates, "AWS::Logs::LogGroup"))
    for name, function in of(templates, "AWS::Lambda::Function"):
        if function.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref") not in groups:
            yield f"{name}: logs to a group that Lambda makes"
    for name, group in groups.items():
        if group.get("RetentionInDays") != RETENTION_DAYS:
            yield f"{name}: kept for {group.get('RetentionInDays', 'ever')}"


def nothing_is_open_to_everybody(templates: Templates) -> Iterator[str]:
    rules = [
        (name, rule)
        for name, group in of(templates, "AWS::EC2::SecurityGroup")
        for rule in group.get("SecurityGroupIngress", [])
    ]
    rules += of(templates, "AWS::EC2::SecurityGroupIngress")
    for name, rule in rules:
        if rule["IpProtocol"] != "tcp" or rule["FromPort"] != rule["ToPort"]:
            yield f"{name}: more than one port of TCP"
        for cidr in (rule.get("CidrIp"), rule.get("CidrIpv6")):
            if cidr is not None and ipaddress.ip_network(cidr).prefixlen == 0:
                yield f"{name}: {cidr}"


def groups_are_in_private_subnets(templates: Templates) -> Iterator[str]:
    public = {name for name, subnet in of(templates, "AWS::EC2::Subnet") if subnet["MapPublicIpOnLaunch"]}
    for name, group in of(templates, "AWS::AutoScaling::AutoScalingGroup"):
        for subnet in group["VPCZoneIdentifier"]:
            if isinstance(subnet, dict) and subnet.get("Ref") in public:
                yield f"{name}: {subnet}"


def machines_ask_for_imdsv2_and_have_encrypted_disks(templates: Templates) -> Iterator[str]:
    machines = list(of(templates, "AWS::EC2::Instance"))
    for name, template in of(templates, "AWS::EC2::LaunchTemplate"):
        machines.append((name, template["LaunchTemplateData"]))
    for name, machine in machines:
        if machine.get("MetadataOptions", {}).get("HttpTokens") != "required":
            yield f"{name}: IMDSv1"
        disks = machine.get("BlockDeviceMappings", [])
        # Without any, the disk is as the image says.
        if not disks or not all(disk["Ebs"].get("Encrypted") is True for disk in disks):
            yield f"{name}: a disk that is not encrypted"
    for name, group in of(templates, "AWS::AutoScaling::AutoScalingGroup"):
        if "LaunchTemplate" not in group:
            yield f"{name}: no launch template"


def methods_want_a_signature_and_validate(templates: Templates) -> Iterator[str]:
    for name, method in of(templates, "AWS::ApiGateway::Method"):
        if method["AuthorizationType"] != "AWS_IAM":
            yield f"{name}: {method['AuthorizationType']}"
        if "RequestValidatorId" not in method:
            yield f"{name}: validates nothing"


def tables_are_encrypted_and_recoverable(templates: Templates) -> Iterator[str]:
    for name, table in of(templates, "AWS::DynamoDB::Table"):
        if table.get("SSESpecification") != {"SSEEnabled": True}:
            yield f"{name}: not encrypted by a key of KMS"
        if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield f"{name}: not recoverable"


def no_secret_is_written_out(templates: Templates) -> Iterator[str]:
    """A login to Deploy's endpoint is one reference in one header, which CloudFormation resolves."""
    text = json.dumps(templates)
    yield from re.findall(r"PRIVATE KEY|\bAKIA[A-Z0-9]{16}\b|\bBasic [A-Za-z0-9+/]{8,}", text)
    logins = [
        name
        for name, method in of(templates, "AWS::ApiGateway::Method")
        if "Authorization" in json.dumps(method["Integration"].get("RequestParameters", {}))
    ]
    if text.count("{{resolve:") != len(logins):
        yield f"references to secrets beside those of {logins}"
    for path, value in _texts(templates):
        # A seed's secret property says by its member `secret` which secret has the value.
        if SECRETS.search(path[-1]) and value and "secretProperties" not in path:
            yield f"{'.'.join(path)}: a text"
    for template in templates.values():
        for name, parameter in template.get("Parameters", {}).items():
            if SECRETS.search(name) and not parameter.get("NoEcho"):
                yield f"{name}: shown to everybody who may see the stack"


def no_account_wide_setting_is_touched(templates: Templates) -> Iterator[str]:
    kinds = ("AWS::ApiGateway::Account", "AWS::AutoScaling::LaunchConfiguration")
    yield from (name for name, _ in of(templates, *kinds))


def _texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:  # noqa: ANN401 - JSON
    match value:
        case str():
            yield path, value
        case dict():
            for name, each in value.items():
                yield from _texts(each, (*path, name))
        case list():
            for each in value:
                yield from _texts(each, path)


RULES: tuple[Rule, ...] = (
    permissions_are_narrow,
    no_managed_policy_is_used,
    nobody_is_everybody,
    queues_are_encrypted_and_refuse_plain_http,
    topics_refuse_plain_http_and_take_alarms,
    functions_log_for_a_limited_time,
    nothing_is_open_to_everybody,
    groups_are_in_private_subnets,
    machines_ask_for_imdsv2_and_have_encrypted_disks,
    methods_want_a_signature_and_validate,
    tables_are_encrypted_and_recoverable,
    no_secret_is_written_out,
    no_account_wide_setting_is_touched,
)
