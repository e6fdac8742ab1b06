from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
import pytest

from cdk_app.config import Config
from tests.cdk_app.cases import CDK_JSON

REQUIRED = {
    "deployUrl": "https://deploy.example.com",
    "deploySecretName": "deploy",
    "bastionAllowedCidrs": ["203.0.113.10/32"],
}


def test_defaults() -> None:
    assert Config.from_mapping(REQUIRED) == Config(
        deploy_url="https://deploy.example.com",
        deploy_secret_name="deploy",
        bastion_allowed_cidrs=("203.0.113.10/32",),
        group_name="web",
        group_max_capacity=10,
        instance_type="t4g.small",
        template_properties={},
        vpc_id=None,
        vpc_cidr="10.20.0.0/16",
        allow_plain_http=False,
        schedule_minutes=5,
        delay_seconds=2,
    )


def test_values_from_the_command_line_are_texts_and_read_like_json() -> None:
    typed = {
        **REQUIRED,
        "groupMaxCapacity": 40,
        "templateProperties": {"username": "app", "port": 2222, "tags": ["blue"]},
        "allowPlainHttp": True,
        "scheduleMinutes": 1,
        "delaySeconds": 0,
    }
    as_texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in typed.items()}
    assert Config.from_mapping(as_texts) == Config.from_mapping(typed)


def test_the_context_of_cdk_json_is_complete_and_read_from_the_app(tmp_path: Path) -> None:
    config = Config.from_context(cdk.App(context=CDK_JSON, outdir=str(tmp_path)).node)
    assert config.deploy_url == CDK_JSON["deployUrl"]


@pytest.mark.parametrize("key", REQUIRED)
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(ValueError, match=f"context key '{key}': got nothing, expected a .*-c {key}="):
        Config.from_mapping({name: value for name, value in REQUIRED.items() if name != key})


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("deployUrl", 5, "a string"),
        ("deployUrl", " ", "a string"),
        ("groupMaxCapacity", "ten", "a whole number"),
        ("groupMaxCapacity", -1, "a whole number"),
        ("groupMaxCapacity", True, "a whole number"),
        ("groupMaxCapacity", 1.5, "a whole number"),
        ("allowPlainHttp", "yes", "true or false"),
        ("bastionAllowedCidrs", "203.0.113.10/32", 'a list of strings such as ["203.0.113.10/32"]'),
        ("bastionAllowedCidrs", [], 'a list of strings such as ["203.0.113.10/32"]'),
        ("bastionAllowedCidrs", [1], 'a list of strings such as ["203.0.113.10/32"]'),
        ("templateProperties", "[1]", 'an object such as {"username": "ec2-user"}'),
        ("templateProperties", {"a": [1]}, 'an object such as {"username": "ec2-user"}'),
        ("templateProperties", {"a": {}}, 'an object such as {"username": "ec2-user"}'),
    ],
)
def test_a_value_of_the_wrong_type_is_named(key: str, value: object, expected: str) -> None:
    with pytest.raises(ValueError, match="context key") as refusal:
        Config.from_mapping({**REQUIRED, key: value})
    assert str(refusal.value) == f"context key {key!r}: got {value!r}, expected {expected}"


def test_an_unknown_key_of_ours_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(ValueError, match=r"context key 'deployURL'.*did you mean 'deployUrl'\?"):
        Config.from_mapping({**REQUIRED, "deployURL": "https://deploy.example.com"})


def test_keys_of_others_are_left_alone() -> None:
    others = {
        "@aws-cdk/core:checkSecretUsage": True,
        "aws:cdk:bundling-stacks": [],
        "vpc-provider:account=1:filter.vpc-id=vpc-1": {},
        "acknowledged-issue-numbers": [1],
        "hosted": "elsewhere",
    }
    assert Config.from_mapping({**REQUIRED, **others}) == Config.from_mapping(REQUIRED)
