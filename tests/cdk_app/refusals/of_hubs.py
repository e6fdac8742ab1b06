"""What a hub refuses."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_sns as sns

from tests.cdk_app.cases import existing_vpc
from tests.cdk_app.refusals.attempts import Refusals, hub, unique

REFUSED: Refusals = {
    "delay": (
        lambda stack: hub(stack, delay=cdk.Duration.minutes(16)),
        "delay: got 960 s, expected 0 to 900 whole seconds, as SQS delays",
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
    "delay of half a second": (
        lambda stack: hub(stack, delay=cdk.Duration.millis(500)),
        "delay: got 0.5 s, expected 0 to 900 whole seconds, as SQS delays",
    ),
    "text for the concurrency": (
        lambda stack: hub(stack, max_concurrency="5"),
        "max_concurrency: got '5', expected 2 to 1000, as Lambda allows",
    ),
    "text for the server": (
        lambda stack: hub(stack, deploy="https://deploy.example.com:4516"),
        "deploy: got str, expected DeployServer; pass a DeployServer",
    ),
    "a way that is none": (
        lambda stack: hub(stack, bastion=["203.0.113.10/32"]),
        "bastion: got list, expected NewBastion or ExistingJumpstation or DirectAccess; pass one of these, "
        "made with its ranges",
    ),
    "no way at all": (
        lambda stack: hub(stack, bastion=None),
        "bastion: got NoneType, expected NewBastion or ExistingJumpstation or DirectAccess; pass one of "
        "these, made with its ranges",
    ),
    "text for the login": (
        lambda stack: hub(stack, login="hunter2"),
        "login: got str, expected Login; pass a StoredKey, KeyFile, CredentialsItem or StoredPassword",
    ),
    "text for the network": (
        lambda stack: hub(stack, vpc="vpc-0123456789abcdef0"),
        "vpc: got text, expected a network; look it up with Vpc.from_lookup(…)",
    ),
    "one address for a list": (
        lambda stack: hub(stack, alarm_emails="operators@example.com"),
        "alarm_emails: got 'operators@example.com', expected a list of different addresses such as "
        "['operators@example.com']",
    ),
    "an address twice": (
        lambda stack: hub(stack, alarm_emails=["a@b.example", "a@b.example"]),
        "alarm_emails: got ['a@b.example', 'a@b.example'], expected a list of different addresses such as "
        "['operators@example.com']",
    ),
}
