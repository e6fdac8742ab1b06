"""Every Python block of every document runs, and every example is an app that synthesizes."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from tests.cdk_app.cases import NO_BUNDLING
from tests.docs.documents import DOCUMENTS, ROOT, blocks, name

BLOCKS = {
    f"{name(document)}, block {number}": (document, text)
    for document in DOCUMENTS
    for number, text in enumerate(blocks(document, "python"), start=1)
}
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))

Templates = dict[str, dict[str, Any]]


@pytest.fixture
def synthesized(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Templates]:
    """Return a function that synthesizes the app made meanwhile; nothing is bundled."""
    made: list[cdk.App] = []
    real = cdk.App

    def app() -> cdk.App:
        made.append(real(context=NO_BUNDLING, analytics_reporting=False))
        return made[-1]

    monkeypatch.setattr(cdk, "App", app)

    def templates() -> Templates:
        return {stack.stack_name: stack.template for each in made for stack in each.synth().stacks}

    return templates


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs(
    block: str, synthesized: Callable[[], Templates], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    document, text = BLOCKS[block]
    names: dict[str, Any] = {}
    if document.stem == "construct-library":
        # Its blocks go on from what the first one makes before its group.
        first = blocks(document, "python")[0]
        if text != first:
            exec(first.partition("DeployedAutoScalingGroup(\n")[0], names)  # noqa: S102 - our own documents
            exec("from aws_cdk import aws_ec2 as ec2", names)  # noqa: S102 - imported by an earlier block
    exec(compile(text, block, "exec"), names)  # noqa: S102 - our own documents
    if "DeployedAutoScalingGroup(" in text:
        assert sum(len(template["Resources"]) for template in synthesized().values()) > 20


@pytest.fixture
def example(request: pytest.FixtureRequest, synthesized: Callable[[], Templates]) -> Templates:
    runpy.run_path(str(request.param))
    return synthesized()


def kinds(template: dict[str, Any]) -> list[str]:
    return [resource["Type"] for resource in template["Resources"].values()]


def example_named(stem: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("example", [ROOT / f"docs/examples/{stem}.py"], indirect=True, ids=[stem])


@example_named("one_group")
def test_one_statement_makes_everything(example: Templates) -> None:
    (template,) = example.values()
    assert {
        "AWS::EC2::VPC",
        "AWS::AutoScaling::AutoScalingGroup",
        "AWS::SQS::Queue",
        "AWS::CloudWatch::Alarm",
        "Custom::DeploySeed",
    } <= set(kinds(template))


@example_named("several_groups_one_hub")
def test_groups_in_stacks_of_their_own_share_one_hub(example: Templates) -> None:
    shared = kinds(example.pop("Shared"))
    assert shared.count("AWS::SQS::Queue") == 3
    assert "AWS::AutoScaling::AutoScalingGroup" not in shared
    assert example.keys() == {"Orders", "Stock", "Batch"}
    for template in example.values():
        assert kinds(template).count("AWS::AutoScaling::AutoScalingGroup") == 1
        assert "AWS::Lambda::Function" not in kinds(template)


@example_named("private_deploy_existing_vpc")
def test_functions_are_in_the_network_of_a_private_server(example: Templates) -> None:
    (template,) = example.values()
    assert not {"AWS::EC2::VPC", "AWS::EC2::Instance"} & set(kinds(template))
    functions = [
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function"
        and "DEPLOY_URL" in each["Properties"]["Environment"]["Variables"]
    ]
    assert len(functions) == 2
    assert all(each["VpcConfig"]["SubnetIds"] for each in functions)
    assert all(each["Environment"]["Variables"]["DEPLOY_CA_BUNDLE"] for each in functions)


def test_every_example_has_a_test() -> None:
    assert {path.stem for path in EXAMPLES} == {
        "one_group",
        "several_groups_one_hub",
        "private_deploy_existing_vpc",
    }
