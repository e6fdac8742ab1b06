"""What the documents say is so: links lead somewhere, tables are complete, quoted texts are the code's."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from functools import cache
from pathlib import Path

import pytest

from cdk_app import DeployHub
from cdk_app.config import Config
from runtime.observability import ALARMING, METRICS
from tests.cdk_app.cases import BASTION, CASES, deploy_server, new_stack, properties
from tests.cdk_app.test_security import as_list
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


@pytest.mark.parametrize("text", [text for text in SYMPTOMS if not text.startswith("kms:")])
def test_a_symptom_reads_as_the_code_writes_it(text: str) -> None:
    for part in text.split("…"):
        assert part.strip() in texts_of_the_code(), part


def test_the_operations_manual_names_log_lines_that_there_are() -> None:
    for line, *_ in rows(OPERATIONS, "## Log"):
        assert codes(line)[0] in texts_of_the_code(), line
