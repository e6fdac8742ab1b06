"""Every resource of a template is made in one construct file, and the documentation says in which."""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from unittest.mock import patch

import aws_cdk as cdk
from constructs import Construct
from jsii._runtime import JSIIMeta

from tests.cdk_app.cases import CASES, ROOT

if TYPE_CHECKING:
    from constructs import IConstruct

LIBRARY = ROOT / "cdk_app"
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
    "AWS::ApiGateway::RequestValidator": "the one of each delivery's method",
}


@contextmanager
def noting_files() -> Iterator[Mapping[str, str]]:
    """Note, while apps are built, the file in which each construct is made, by the construct's path."""
    files: dict[str, str] = {}
    make: Callable[..., object] = JSIIMeta.__call__

    def noted(cls: JSIIMeta, *args: object, **options: object) -> object:
        made = make(cls, *args, **options)
        if isinstance(made, Construct):
            frame: FrameType | None = sys._getframe(1)
            while frame and Path(frame.f_code.co_filename).parent != LIBRARY:
                frame = frame.f_back
            if frame:
                files[made.node.path] = Path(frame.f_code.co_filename).stem
        return made

    with patch.object(JSIIMeta, "__call__", noted):
        yield files


@cache
def places() -> dict[str, set[str]]:
    """Return, for each type of resource, the files that make its resources, or what CDK makes them for."""
    found: dict[str, set[str]] = defaultdict(set)

    def walk(node: IConstruct, file: str, files: Mapping[str, str]) -> None:
        file = files.get(node.node.path, file)
        if isinstance(node, cdk.CfnResource) and file:
            found[node.cfn_resource_type].add(file)
        for child in node.node.children:
            walk(child, file, files)

    for case in CASES:
        if case.flags:
            with noting_files() as files:
                app = case.build(case.flags)
            walk(app, "", files)
    return found


def test_a_type_of_resource_is_made_in_one_file() -> None:
    for kind, files in places().items():
        if kind in ANYWHERE or kind in TWICE:
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
