"""Every resource of a template is made in one construct file, and the documentation says in which."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

from tests.cdk_app.cases import CASES, ROOT

if TYPE_CHECKING:
    from constructs import IConstruct

DOCUMENT = ROOT / "docs" / "construct-library.md"
# What every part needs for itself.
ANYWHERE = {
    "AWS::CDK::Metadata",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Logs::LogGroup",
}
# One kind of thing in two places, and why.
TWICE = {
    "AWS::EC2::EIP": "the bastion's address, and the one of a new network's NAT gateway",
    "AWS::IAM::InstanceProfile": "the bastion's, and the one of the groups' instances",
    "AWS::Lambda::Function": "ours, and the one of CDK's provider framework",
    "AWS::ApiGateway": "the API of each delivery",
}


@cache
def places() -> dict[str, set[str]]:
    """Return, for each type of resource, the files of the constructs right above its resources."""
    found: dict[str, set[str]] = defaultdict(set)

    def walk(node: IConstruct, file: str) -> None:
        module = type(node).__module__
        if module.startswith("cdk_app."):
            file = module.removeprefix("cdk_app.")
        if isinstance(node, ec2.Vpc):
            file = "network"  # made by a function, not a construct
        if isinstance(node, cdk.CfnResource) and file:
            found[node.cfn_resource_type].add(file)
        for child in node.node.children:
            walk(child, file)

    for case in CASES:
        if case.flags:
            walk(case.build(case.flags), "")
    return found


def test_a_type_of_resource_is_made_in_one_file() -> None:
    for kind, files in places().items():
        if kind in ANYWHERE or any(kind.startswith(each) for each in TWICE):
            continue
        assert len(files) == 1, f"{kind} is made in {', '.join(sorted(files))}"


def test_the_table_of_places_is_what_the_code_says() -> None:
    rows = [
        f"| {kind.removeprefix('AWS::')} | {', '.join(f'`{file}.py`' for file in sorted(files))} |"
        for kind, files in sorted(places().items())
        if kind not in ANYWHERE
    ]
    table = "\n".join(["| Resource | File in `cdk_app/` |", "|---|---|", *rows]) + "\n"
    text = DOCUMENT.read_text()
    start, end = "<!-- places -->\n", "<!-- end of places -->\n"
    expected = re.sub(f"{start}.*{end}", lambda _: f"{start}{table}{end}", text, flags=re.DOTALL)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        DOCUMENT.write_text(expected)
    assert DOCUMENT.read_text() == expected
    assert start in expected
