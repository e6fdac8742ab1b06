"""An app in three versions: two groups, one of them, that one by another name and behind another address.

Run as ``python -m tests.sandbox.story.two_groups DIRECTORY URL SECRET``: an assembly for each version.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_app import DeployedAutoScalingGroup, DeployHub, DeployServer, NewBastion
from cdk_app.sandbox.running import OUTSIDE_ADDRESS

STACK = "Groups"
VERSIONS = {"both": ("web", "jobs"), "one": ("web",), "renamed": ("shop",)}
_FLAGS = json.loads((Path(__file__).parents[3] / "cdk.json").read_text())["context"]


def synthesize(directory: Path, version: str, url: str, secret: str) -> None:
    """Write the assembly of a version."""
    flags = {key: value for key, value in _FLAGS.items() if key.startswith("@aws-cdk")}
    app = cdk.App(context=flags, outdir=str(directory / version), analytics_reporting=False)
    stack = cdk.Stack(app, STACK)
    hub = DeployHub(
        stack,
        "Hub",
        deploy=DeployServer(
            url=url,
            credentials=secretsmanager.Secret.from_secret_name_v2(stack, "Credentials", secret),
            allow_plain_http=True,
        ),
        bastion=NewBastion(allowed_cidrs=[f"{OUTSIDE_ADDRESS}/32"]),
        delay=cdk.Duration.seconds(1),
    )
    for number, name in enumerate(VERSIONS[version]):
        group = DeployedAutoScalingGroup(stack, f"Group{number}", hub=hub, group_name=name, max_capacity=4)
        cdk.CfnOutput(stack, f"Remarks{number}", value=group.seed.remarks)
    assert hub.bastion is not None
    if version != "both":
        # Another set-up, as a later version of the package may have: the instance is replaced.
        hub.bastion.instance.user_data.add_commands("# another set-up")
    if version == "renamed":
        hub.bastion.elastic_ip.override_logical_id("AnotherAddress")
    cdk.CfnOutput(stack, "BastionAddress", value=hub.bastion.address)
    cdk.CfnOutput(stack, "Bastion", value=hub.bastion.instance.instance_id)
    cdk.CfnOutput(stack, "Jumpstation", value=str(hub.jumpstation))
    cdk.CfnOutput(stack, "HubRemarks", value=hub.seed.remarks)
    app.synth()


if __name__ == "__main__":
    for each in VERSIONS:
        synthesize(Path(sys.argv[1]), each, *sys.argv[2:4])
