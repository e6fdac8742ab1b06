"""What the documents say is so: links lead somewhere, tables are complete, quoted texts are the code's."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cdk_app import DeployHub
from cdk_app.config import Config
from runtime.observability import ALARMING, METRICS
from tests.cdk_app.cases import BASTION, CASES, deploy_server, new_stack, properties
from tests.cdk_app.invariants import as_list
from tests.docs.documents import DOCUMENTS, README, ROOT, anchors, blocks, codes, links, name, prose, rows

OPERATIONS = ROOT / "docs" / "operations.md"
APP = next(case for case in CASES if case.name == "app")


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_to_files_and_headings(document: Path) -> None:
    for link in links(document):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = (document.parent / file).resolve() if file else document
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_document_is_reached_from_the_readme() -> None:
    reached, waiting = {README}, [README]
    while waiting:
        document = waiting.pop()
        files = {(document.parent / link.partition("#")[0]).resolve() for link in links(document)}
        new = {file for file in files if file.suffix == ".md"} - reached
        reached |= new
        waiting += sorted(new)
    assert set(DOCUMENTS) <= reached


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_make_is_called_with_targets_that_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = "\n".join([*blocks(document, ""), *codes(prose(document))])
    assert set(re.findall(r"^make ([a-z-]+)", code, re.MULTILINE)) <= targets


def test_the_first_screen_names_the_two_commands() -> None:
    first = blocks(README, "")[0]
    assert re.findall(r"^make (\w+)", first, re.MULTILINE) == ["demo", "test"]


def test_the_context_table_lists_the_settings_with_their_defaults() -> None:
    table = {
        codes(key)[0]: default for key, _, default in rows(README, "## Deploy the app of this repository")
    }
    settings = {camel_case(field.name): field.default for field in dataclasses.fields(Config)}
    assert table.keys() == settings.keys()
    for key, default in settings.items():
        if isinstance(default, str | int):
            assert codes(table[key]) == [default if isinstance(default, str) else json.dumps(default)], key
        elif default is None:
            assert not codes(table[key]), key


def camel_case(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(map(str.capitalize, rest))


def test_every_metric_is_in_the_operations_manual() -> None:
    table = {codes(metric)[0]: metric for metric, *_ in rows(OPERATIONS, "## Metrics")}
    assert table.keys() == set(METRICS)
    assert {metric for metric, cell in table.items() if cell.endswith("!")} == set(ALARMING)


@pytest.fixture(scope="module")
def alarms() -> set[str]:
    stack = new_stack()
    hub = DeployHub(stack, "Hub", deploy=deploy_server(stack), bastion=BASTION)
    return {alarm.node.id for alarm in hub.observability.alarms}


def test_every_alarm_is_in_the_operations_manual(alarms: set[str]) -> None:
    assert {codes(alarm)[0] for alarm, *_ in rows(OPERATIONS, "## Alarms")} == alarms


def test_the_cost_table_counts_the_alarms(alarms: set[str]) -> None:
    assert f"{len(alarms)} alarms" in dict(rows(README, "## Cost"))["Alarms and dashboard"]


def test_the_default_settings_are_those_of_the_template() -> None:
    table = dict(rows(README, "## Default settings"))
    for setting, values in default_settings().items():
        for value in values:
            assert re.search(rf"(?<!\w){re.escape(value)}(?!\w)", table[setting]), (setting, value)


def default_settings() -> dict[str, list[str]]:
    """Return, for the rows of the README's table, what the template says, in the table's words."""
    group = only("AWS::AutoScaling::AutoScalingGroup")
    launch, terminate = group["LifecycleHookSpecificationList"]
    machine = only("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    bastion = only("AWS::EC2::Instance")
    sshd = re.search(r"^MaxStartups .*$", bastion["UserData"]["Fn::Base64"], re.MULTILINE)
    limits = only("AWS::ApiGateway::Stage")["MethodSettings"][0]
    rules = {rule["EventPattern"]["source"][0]: rule for rule in properties(APP, "AWS::Events::Rule")}
    retry = rules["aws.autoscaling"]["Targets"][0]["RetryPolicy"]
    (hints,) = (queue for queue in properties(APP, "AWS::SQS::Queue") if "RedrivePolicy" in queue)
    (keeps,) = {q["MessageRetentionPeriod"] for q in properties(APP, "AWS::SQS::Queue") if q is not hints}
    function, *_ = (
        f for f in properties(APP, "AWS::Lambda::Function") if f["Handler"].startswith("runtime.")
    )
    (retention,) = {log["RetentionInDays"] for log in properties(APP, "AWS::Logs::LogGroup")}
    concurrency = only("AWS::Lambda::EventSourceMapping")["ScalingConfig"]["MaximumConcurrency"]
    zones = len(list(properties(APP, "AWS::EC2::Subnet"))) // 2
    assert (group.get("DesiredCapacity"), retention, zones) == (None, 90, 2)
    return {
        "Auto Scaling group": [f"minimum {group['MinSize']}", "desired number unset"],
        "Lifecycle hooks": [
            f"`{launch['LifecycleHookName']}` at launch (on time-out `{launch['DefaultResult']}`)",
            f"`{terminate['LifecycleHookName']}` at termination (on time-out `{terminate['DefaultResult']}`)",
            *(f"heartbeat {hook['HeartbeatTimeout'] // 60} minutes" for hook in (launch, terminate)),
        ],
        "Launch template": [
            machine["InstanceType"],
            f"encrypted {machine['BlockDeviceMappings'][0]['Ebs']['VolumeType']} disk",
            {1: "IMDSv2 with one hop"}[machine["MetadataOptions"]["HttpPutResponseHopLimit"]],
        ],
        "Key pair": [only("AWS::EC2::KeyPair")["KeyType"].upper()],
        "Bastion": [bastion["InstanceType"]],
        "Bastion's sshd": [f"`{sshd[0]}`" if sshd else "MaxStartups"],
        "Network": ["two Availability Zones", "one NAT gateway", only("AWS::EC2::VPC")["CidrBlock"]],
        "API": [
            f"{limits['ThrottlingRateLimit']} calls a second",
            f"bursts of {limits['ThrottlingBurstLimit']:,}",
        ],
        "Rule": [
            f"{retry['MaximumRetryAttempts']} tries in {retry['MaximumEventAgeInSeconds'] // 3600} hours"
        ],
        "Queue": [
            f"{hints['DelaySeconds']} s delay",
            f"{hints['RedrivePolicy']['maxReceiveCount']} receives",
            f"keep for {keeps // 86400} days",
        ],
        "Functions": [
            function["Runtime"].replace("python", "Python "),
            f"{function['MemorySize']} MB",
            f"{function['Timeout'] // 60} minutes",
            "kept for three months",
            f"at most {concurrency} groups",
        ],
        "Schedule": [
            "every "
            + only("AWS::Scheduler::Schedule")["ScheduleExpression"].removeprefix("rate(").removesuffix(")")
        ],
    }


def only(kind: str) -> dict[str, Any]:
    """Return the properties of the one resource of a type in the app's template."""
    (found,) = properties(APP, kind)
    return found


def test_the_permissions_in_aws_are_those_of_the_roles() -> None:
    given = {
        action
        for policy in properties(APP, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
    }
    listed = {code for row in rows(README, "### In AWS") for code in codes(row[1]) if ":" in code}
    assert listed <= given
    assert {action for action in given if action.startswith(("autoscaling:", "ec2:"))} <= listed


@cache
def texts_of_the_code() -> str:
    """Return every text in the source; a placeholder ends one."""
    found = []
    for package in ("cdk_app", "runtime"):
        for path in sorted((ROOT / package).rglob("*.py")):
            found += [
                node.value
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
    return "\0".join(found)


SYMPTOMS = [text for symptom, *_ in rows(README, "## Troubleshooting") for text in codes(symptom)]


@pytest.mark.parametrize("text", SYMPTOMS)
def test_a_symptom_reads_as_the_code_writes_it(text: str) -> None:
    for part in text.split("…"):
        assert part.strip() in texts_of_the_code(), part


def test_the_operations_manual_names_log_lines_that_there_are() -> None:
    for line, *_ in rows(OPERATIONS, "## Log"):
        for text in codes(line):
            assert text.rstrip("…") in texts_of_the_code(), text


def test_every_log_line_is_in_the_operations_manual() -> None:
    manual = OPERATIONS.read_text()
    assert len(log_lines()) > 20
    assert [line for line in log_lines() if f"`{line}" not in manual] == []


def log_lines() -> list[str]:
    """Return the texts of the functions' log lines; one with a placeholder ends there."""
    found = set()
    for path in sorted((ROOT / "runtime").rglob("*.py")):
        if path.is_relative_to(ROOT / "runtime" / "plugin"):
            continue  # inside Deploy, without this log
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            text = node.args[0]
            if isinstance(text, ast.JoinedStr):
                text = text.values[0]
            if node.func.attr in {"line", "warn", "_tell"} and isinstance(text, ast.Constant):
                found.add(str(text.value))
    return sorted(found)
