"""One group with everything it needs: network, bastion, key pair, API, queue, functions, alarms.

Deploy is reachable from the internet and connects from one address. Store its credentials as secret
``deploy/credentials`` first.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_app import DeployedAutoScalingGroup, DeployServer, NewBastion

app = cdk.App()
stack = cdk.Stack(app, "Shop")
DeployedAutoScalingGroup(
    stack,
    "Web",
    deploy=DeployServer(
        url="https://deploy.example.com:4516",
        credentials=secretsmanager.Secret.from_secret_name_v2(stack, "Credentials", "deploy/credentials"),
    ),
    bastion=NewBastion(allowed_cidrs=["203.0.113.10/32"]),
    group_name="web",
    max_capacity=10,
)
app.synth()
