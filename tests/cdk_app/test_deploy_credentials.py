"""The secret for the account in Deploy: real when the seeder reads it, and in no template."""

from __future__ import annotations

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from cdk_app import DeployCredentials, DeployedAutoScalingGroup, DeployServer
from tests.cdk_app.cases import BASTION, existing_vpc, new_stack
from tests.cdk_app.references import needs


def built(username: str | None) -> dict[str, Any]:
    stack = new_stack()
    credentials = DeployCredentials(stack, "Deploy-Account", username=username)
    DeployedAutoScalingGroup(
        stack,
        "Web",
        deploy=DeployServer(url="https://deploy.example.com", credentials=credentials.secret),
        bastion=BASTION,
        vpc=existing_vpc(stack),
        max_capacity=2,
    )
    return dict(Template.from_stack(stack).to_json())


def secret_of(template: dict[str, Any], **given: str) -> dict[str, str]:
    """Return the secret's object as CloudFormation makes it of the parameters."""
    (secret,) = (
        each["Properties"]["SecretString"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::SecretsManager::Secret"
    )
    separator, parts = secret["Fn::Join"]
    text = separator.join(part if isinstance(part, str) else given[part["Ref"]] for part in parts)
    found: dict[str, str] = json.loads(text)
    return found


@pytest.mark.parametrize(
    ("username", "parameter", "field"),
    [("reconciler", "DeployAccountPassword", "password"), (None, "DeployAccountToken", "token")],
)
def test_the_value_comes_as_a_parameter_that_nobody_sees(
    username: str | None, parameter: str, field: str
) -> None:
    template = built(username)
    declared = template["Parameters"][parameter]
    assert declared["NoEcho"] is True
    assert "Default" not in declared, "a deployment without it must not begin"
    made = secret_of(template, **{parameter: "s3cret word"})
    assert made == {field: "s3cret word", **({"username": username} if username else {})}


def test_a_value_that_would_break_the_secret_is_refused_by_cloudformation() -> None:
    pattern = built(None)["Parameters"]["DeployAccountToken"]["AllowedPattern"]
    for good in ("s3cret", "mit Leerzeichen, ' und ß", "{}:,"):
        assert re.fullmatch(pattern, good)
        assert secret_of(built(None), DeployAccountToken=good) == {"token": good}
    for bad in ("", 'a"b', "a\\b", "a\nb"):
        assert not re.fullmatch(pattern, bad)


def test_the_secret_is_there_before_the_seeder_and_after_it() -> None:
    template = built("reconciler")
    (secret,) = (
        name for name, each in template["Resources"].items() if each["Type"] == "AWS::SecretsManager::Secret"
    )
    seeds = [name for name, each in template["Resources"].items() if each["Type"] == "Custom::DeploySeed"]
    assert seeds
    assert all(secret in needs(template, seed) for seed in seeds)


def test_a_user_name_that_deployment_knows_is_not_in_the_parameters_description() -> None:
    template = built(cdk.Fn.import_value("User"))
    # CloudFormation takes text alone there, no reference.
    assert template["Parameters"]["DeployAccountPassword"]["Description"] == (
        "The password in Digital.ai Deploy"
    )
    assert "Fn::ImportValue" in json.dumps(template["Resources"])
