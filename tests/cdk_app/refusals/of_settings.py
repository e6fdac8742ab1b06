"""What `app.py` refuses of the context, and the plugin's packer of its source."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cdk_app.config import Config
from cdk_app.plugin_archive import archive_name
from tests.cdk_app.cases import CDK_JSON

if TYPE_CHECKING:
    import aws_cdk as cdk

    from tests.cdk_app.refusals.attempts import Refusals


def configured(**changes: object) -> Config:
    return Config.from_mapping({**CDK_JSON, **changes})


def wrong_setting(key: str) -> Callable[[cdk.Stack], object]:
    return lambda _: configured(**{key: "5 m"})


REFUSED: Refusals = {
    "unknown setting": (
        lambda _: configured(deployURL="https://deploy.example.com"),
        "context key 'deployURL': got an unknown key, expected one of deployUrl, deploySecretName, "
        "bastionAllowedCidrs, cloudSecretName, groupName, groupMaxCapacity, instanceType, "
        "templateProperties, delivery, vpcId, vpcCidr, allowPlainHttp, scheduleMinutes, delaySeconds, nag; "
        "did you mean 'deployUrl'?",
    ),
    "setting left out": (
        lambda _: configured(deployUrl=None),
        "context key 'deployUrl': got nothing, expected a string; set it in cdk.json or pass -c deployUrl=…",
    ),
    **{
        f"setting {key}": (
            wrong_setting(key),
            f"context key {key!r}: got '5 m', expected {expected}",
        )
        for key, expected in {
            "scheduleMinutes": "a whole number",
            "allowPlainHttp": "true or false",
            "delivery": "'handler' or 'endpoint'",
            "bastionAllowedCidrs": 'a list of strings such as ["203.0.113.10/32"]',
            "templateProperties": 'an object such as {"username": "ec2-user"}',
        }.items()
    },
    "ARN for the secret's name": (
        lambda _: configured(deploySecretName="arn:aws:secretsmanager:eu-west-1:1:secret:deploy-AbCdEf"),
        "context key 'deploySecretName': got 'arn:aws:secretsmanager:eu-west-1:1:secret:deploy-AbCdEf', "
        "expected a secret's name, not its ARN",
    ),
    "setting that is no text": (
        lambda _: configured(deployUrl=5),
        "context key 'deployUrl': got 5, expected a string",
    ),
    "plugin without a version": (
        lambda _: archive_name("plugin=aws-asg\n"),
        "plugin-version.properties of the plugin: got ['plugin'], expected plugin and version; "
        "write both there",
    ),
}
