"""What a hub refuses."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_sns as sns

from tests.cdk_app.cases import existing_vpc
from tests.cdk_app.refusals.attempts import Refusals, hub, unique

REFUSED: Refusals = {
    "delay": (
        lambda stack: hub(stack, delay=cdk.Duration.minutes(16)),
        "delay: got 960 s, expected 0 to 900 s, the most that SQS delays",
    ),
    "concurrency": (
        lambda stack: hub(stack, max_concurrency=1),
        "max_concurrency: got 1, expected 2 to 1000, as Lambda allows",
    ),
    "range of an existing network": (
        lambda stack: hub(stack, vpc=existing_vpc(cdk.Stack(stack, unique("Net"))), vpc_cidr="10.0.0.0/16"),
        "vpc_cidr: got '10.0.0.0/16' together with vpc, expected one of them; "
        "an existing network has its range",
    ),
    "topic and addresses": (
        lambda stack: hub(stack, alarm_topic=sns.Topic(stack, unique("Topic")), alarm_emails=["a@b.example"]),
        "alarm_emails: got addresses together with alarm_topic, expected one of them; "
        "subscribe the addresses to your topic",
    ),
    "functions outside": (
        lambda stack: hub(stack).connections,
        "connections of the hub: got functions outside of the network, expected them inside; "
        "set private=True on the DeployServer, or use .bastion.security_group for SSH",
    ),
}
