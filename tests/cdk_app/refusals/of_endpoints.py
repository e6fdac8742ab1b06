"""What does not go with the endpoint delivery."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from cdk_app import Gate, HostTemplate
from tests.cdk_app.refusals.attempts import Refusals, deploy, endpoint, group, hub, password, unique, with_key

REFUSED: Refusals = {
    "winrm by an endpoint delivery": (
        lambda stack: group(
            stack,
            host_template=HostTemplate.winrm(),
            login=password(stack),
            delivery=endpoint(stack, cloud="Infrastructure/aws"),
        ),
        "type of the hosts: got a value for a group of a hub with endpoint delivery, expected none; "
        "only the handler delivery can do that",
    ),
    "endpoint delivery without an access key": (
        lambda stack: hub(stack, delivery=endpoint(stack)),
        "cloud of the endpoint delivery: got neither an existing item and cloud_credentials of the Deploy "
        "server, expected one of them; the plugin asks AWS about instances with that access key",
    ),
    "endpoint delivery with two access keys": (
        lambda stack: hub(
            stack, deploy=with_key(stack), delivery=endpoint(stack, cloud="Infrastructure/aws")
        ),
        "cloud of the endpoint delivery: got both an existing item and cloud_credentials of the Deploy "
        "server, expected one of them; the plugin asks AWS about instances with that access key",
    ),
    "endpoint delivery to a private server": (
        lambda stack: hub(
            stack, deploy=deploy(stack, private=True), delivery=endpoint(stack, cloud="Infrastructure/aws")
        ),
        "vpc_link of the endpoint delivery: got nothing for a private Deploy server, expected a link into "
        "its network; pass vpc_link=",
    ),
    "endpoint delivery with a delay": (
        lambda stack: hub(
            stack, delay=cdk.Duration.seconds(1), delivery=endpoint(stack, cloud="Infrastructure/aws")
        ),
        "delay: got a value together with endpoint delivery, expected none; "
        "it is about the queue of the handler delivery",
    ),
    "endpoint delivery with a gate": (
        lambda stack: group(stack, gate=Gate(), delivery=endpoint(stack, cloud="Infrastructure/aws")),
        "gate: got a value for a group of a hub with endpoint delivery, expected none; "
        "only the handler delivery can do that",
    ),
    "queue of an endpoint delivery": (
        lambda stack: hub(stack, delivery=endpoint(stack, cloud="Infrastructure/aws")).queue,
        "queue of the hub: got endpoint delivery, which has none, expected handler delivery; "
        "leave out delivery=",
    ),
    "reconcile by an endpoint delivery": (
        lambda stack: group(stack, delivery=endpoint(stack, cloud="Infrastructure/aws")).grant_reconcile(
            iam.Role(stack, unique("Role"), assumed_by=iam.AccountRootPrincipal())
        ),
        "grant_reconcile of the group: got a hub with endpoint delivery, expected handler delivery; "
        "send the endpoint an event of the instance instead",
    ),
    "a delivery by name": (
        lambda stack: hub(stack, delivery="endpoint"),
        "delivery: got str, expected EndpointDelivery or None; leave it out for the queue",
    ),
}
