"""The app's stack as the cloud reports it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_app.sandbox.running import STACK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_app.sandbox.cloud import Cloud

ACCOUNT = "123456789012"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class StackView:
    """One stack, its assembly and what belongs to it.

    Parameters
    ----------
    cloud
        Where the stack is.
    assembly
        What the CDK CLI synthesized.
    """

    cloud: Cloud
    assembly: Path

    def status(self) -> str:
        """Return the stack's status."""
        return self.cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0][
            "StackStatus"
        ]

    def outputs(self) -> Mapping[str, str]:
        """Return the stack's outputs."""
        stack = self.cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def private_key(self) -> str:
        """Return the private key that EC2 keeps for the stack's key pair."""
        key_id = self.cloud.client("ec2").describe_key_pairs()["KeyPairs"][0]["KeyPairId"]
        name = f"/ec2/keypair/{key_id}"
        return self.cloud.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]

    def schedule(self) -> str:
        """Return the name of the group's schedule."""
        return self.cloud.client("scheduler").list_schedules()["Schedules"][0]["Name"]

    def synthesized_template(self) -> bytes:
        """Return the template as `cdk synth` wrote it."""
        return (self.assembly / f"{STACK}.template.json").read_bytes()

    def deployed_template(self) -> bytes:
        """Return the template as CloudFormation got it: the object in the bucket for assets."""
        manifest = json.loads((self.assembly / "manifest.json").read_text())
        url = manifest["artifacts"][STACK]["properties"]["stackTemplateAssetObjectUrl"]
        bucket, _, key = url.removeprefix("s3://").partition("/")
        for placeholder, value in (("${AWS::AccountId}", ACCOUNT), ("${AWS::Region}", REGION)):
            bucket = bucket.replace(placeholder, value)
        return bytes(self.cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
