"""Each case's templates as readable JSON. To accept a change: ``UPDATE_SNAPSHOTS=1 pytest tests/cdk_app``."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.cdk_app.cases import CASES, Case, Template, synthesize

SNAPSHOTS = Path(__file__).parent / "snapshots"
# What a change of ours to a template must never do: lose what people or services know by name or content.
STATEFUL = {
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::DynamoDB::Table",
    "AWS::EC2::EIP",
    "AWS::EC2::KeyPair",
    "AWS::EC2::VPC",
    "AWS::ApiGateway::RestApi",
    "AWS::SQS::Queue",
    "Custom::DeploySeed",
}


def canonical(templates: dict[str, Template]) -> str:
    """Return templates as text without what the functions' source or the CDK's version changes."""
    kept = {
        stack: {
            part: value
            for part, value in template.items()
            if part in {"Parameters", "Resources", "Outputs"} and value
        }
        for stack, template in templates.items()
    }
    for template in kept.values():
        template.get("Parameters", {}).pop("BootstrapVersion", None)
    text = json.dumps(kept, indent=1, sort_keys=True)
    for number, digest in enumerate(dict.fromkeys(re.findall(r"\b[0-9a-f]{64}\b", text)), start=1):
        text = text.replace(digest, f"<asset-{number}>")
    return text + "\n"


def compare(path: Path, text: str) -> None:
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text)
    assert path.exists(), f"no {path.name}; make it with UPDATE_SNAPSHOTS=1"
    assert text == path.read_text(), f"{path.name} differs; if that is meant, UPDATE_SNAPSHOTS=1"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_templates_are_as_they_were(case: Case) -> None:
    name = re.sub(r"\W+", "-", case.name)
    compare(SNAPSHOTS / f"{name}.json", canonical(synthesize(case)))


def test_logical_ids_of_stateful_resources_are_as_they_were() -> None:
    """A changed id is a breaking change: CloudFormation would make a new one and delete the old one."""
    ids = {
        case.name: sorted(
            f"{stack}: {resource['Type']} {logical_id}"
            for stack, template in synthesize(case).items()
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] in STATEFUL
        )
        for case in CASES
    }
    compare(SNAPSHOTS / "stateful-ids.json", json.dumps(ids, indent=1) + "\n")


def test_feature_flags_of_the_consumer_change_no_stateful_id() -> None:
    by_name = {case.name: case for case in CASES}
    for name in ("minimal", "full"):
        on, off = (
            {
                logical_id
                for template in synthesize(by_name[each]).values()
                for logical_id, resource in template["Resources"].items()
                if resource["Type"] in STATEFUL
            }
            for each in (name, f"{name}, feature flags off")
        )
        assert on == off
