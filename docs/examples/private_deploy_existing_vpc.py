"""A Deploy server in a private network, with a certificate of an internal authority, and a VPC that exists.

Deploy reaches the instances directly, without a jumpstation; the functions run in the VPC's private subnets.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from cdk_app import DeployedAutoScalingGroup, DeployHub, DeployServer, DirectAccess

app = cdk.App()
# The VPC is looked up once, and the answer kept in cdk.context.json; for that CDK must know the place.
stack = cdk.Stack(app, "Shop", env=cdk.Environment(account="111111111111", region="eu-west-1"))
hub = DeployHub(
    stack,
    "Hub",
    deploy=DeployServer(
        url="https://deploy.internal.example.com:4516",
        credentials=secretsmanager.Secret.from_secret_name_v2(stack, "Credentials", "deploy/credentials"),
        private=True,
        ca_bundle=ssm.StringParameter.from_string_parameter_name(stack, "Trust", "/trust/internal-ca"),
    ),
    # The subnets that the Deploy server and its workers connect from.
    bastion=DirectAccess(allowed_cidrs=["10.1.0.0/24", "10.1.1.0/24"]),
    vpc=ec2.Vpc.from_lookup(stack, "Vpc", vpc_id="vpc-0123456789abcdef0"),
)
server = ec2.SecurityGroup.from_security_group_id(stack, "DeployServer", "sg-0123456789abcdef0")
hub.connections.allow_to(server, ec2.Port.tcp(4516), "Reconciler and seeder")
group = DeployedAutoScalingGroup(stack, "Web", hub=hub, group_name="web", max_capacity=10)
group.connections.allow_from(ec2.Peer.ipv4("10.1.0.0/16"), ec2.Port.tcp(8080), "The application")
app.synth()
