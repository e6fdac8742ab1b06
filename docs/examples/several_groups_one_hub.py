"""Three groups in stacks of their own share one hub: one bastion, one queue, one pair of functions.

Each stack can be deployed and destroyed by itself. The pipeline's role may ask for a look at every group and
scale one of them.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_app import DeployedAutoScalingGroup, DeployHub, DeployServer, Gate, HostTemplate, NewBastion

app = cdk.App()
shared = cdk.Stack(app, "Shared")
hub = DeployHub(
    shared,
    "Hub",
    deploy=DeployServer(
        url="https://deploy.example.com:4516",
        credentials=secretsmanager.Secret.from_secret_name_v2(shared, "Credentials", "deploy/credentials"),
    ),
    bastion=NewBastion(allowed_cidrs=["203.0.113.10/32"]),
    max_concurrency=3,
    alarm_emails=["operators@example.com"],
)
pipeline = iam.Role(shared, "Pipeline", assumed_by=iam.AccountRootPrincipal())

orders = DeployedAutoScalingGroup(
    cdk.Stack(app, "Orders"),
    "Group",
    hub=hub,
    group_name="orders",
    max_capacity=12,
    # The schema first, then the application; whatever else is deployed follows side by side.
    application_order=["orders-database", "orders"],
)
stock = DeployedAutoScalingGroup(
    cdk.Stack(app, "Stock"),
    "Group",
    hub=hub,
    group_name="stock",
    max_capacity=6,
    host_template=HostTemplate.sudo("stock"),
)
stock.auto_scaling_group.scale_on_cpu_utilization("Cpu", target_utilization_percent=60)
batch = DeployedAutoScalingGroup(
    cdk.Stack(app, "Batch"),
    "Group",
    hub=hub,
    group_name="batch",
    max_capacity=40,
    instance_type=ec2.InstanceType("c7g.xlarge"),
    # Deploy may be away for two hours; a machine that fails, or that nobody speaks for, works as it is.
    gate=Gate(heartbeat_timeout=cdk.Duration.hours(2), on_failure="CONTINUE"),
)
for group in (orders, stock, batch):
    group.grant_reconcile(pipeline)
batch.grant_scale(pipeline)
app.synth()
