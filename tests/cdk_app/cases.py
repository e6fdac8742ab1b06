"""Named ways to use the library, each synthesized once for all tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from cdk_app import (
    DeployCredentials,
    DeployedAutoScalingGroup,
    DeployHub,
    DeployServer,
    DirectAccess,
    EndpointDelivery,
    ExistingJumpstation,
    Gate,
    HostTemplate,
    KeyFile,
    NewBastion,
    SecretField,
    StoredKey,
    StoredPassword,
)
from cdk_app.acknowledgements import acknowledge
from cdk_app.config import Config
from cdk_app.stack import DeployedAutoScalingGroupStack

ROOT = Path(__file__).resolve().parents[2]
CDK_JSON: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
FLAGS = {key: value for key, value in CDK_JSON.items() if key.startswith("@aws-cdk")}
NO_BUNDLING: dict[str, list[str]] = {"aws:cdk:bundling-stacks": []}
ENVIRONMENT = cdk.Environment(account="111111111111", region="eu-west-1")
BASTION = NewBastion(allowed_cidrs=["203.0.113.10/32"])

Template = dict[str, Any]


_ASSEMBLIES = TemporaryDirectory(prefix="assemblies-")
"""Where apps are synthesized to; it goes with the process, unlike the directories that CDK makes itself."""


def new_app(*, flags: bool = True, **context: str) -> cdk.App:
    """Return an app without bundling, with the feature flags of cdk.json or with none."""
    return cdk.App(
        context={**(FLAGS if flags else {}), **NO_BUNDLING, **context},
        analytics_reporting=False,
        outdir=mkdtemp(dir=_ASSEMBLIES.name),
    )


def new_stack(*, flags: bool = True) -> cdk.Stack:
    return cdk.Stack(new_app(flags=flags), "Stack", env=ENVIRONMENT)


def deploy_server(scope: cdk.Stack, **options: Any) -> DeployServer:  # noqa: ANN401 - passed on
    credentials = secretsmanager.Secret.from_secret_name_v2(scope, "Credentials", "deploy/credentials")
    return DeployServer(**{"url": "https://deploy.example.com:4516", "credentials": credentials, **options})


def existing_vpc(scope: cdk.Stack) -> ec2.IVpc:
    zones = ["eu-west-1a", "eu-west-1b"]
    return ec2.Vpc.from_vpc_attributes(
        scope,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=zones,
        public_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        public_subnet_ipv4_cidr_blocks=["10.7.0.0/24", "10.7.1.0/24"],
        private_subnet_ids=["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
        private_subnet_ipv4_cidr_blocks=["10.7.128.0/24", "10.7.129.0/24"],
        private_subnet_route_table_ids=["rtb-a", "rtb-b"],
        public_subnet_route_table_ids=["rtb-c", "rtb-d"],
    )


def app(flags: bool) -> cdk.App:
    root = new_app(flags=flags)
    settings = {key: value for key, value in CDK_JSON.items() if not key.startswith("@")}
    DeployedAutoScalingGroupStack(root, "App", config=Config.from_mapping(settings))
    return root


def minimal(flags: bool) -> cdk.App:
    stack = new_stack(flags=flags)
    DeployedAutoScalingGroup(stack, "Web", deploy=deploy_server(stack), bastion=BASTION, max_capacity=4)
    return _root(stack)


def full(flags: bool) -> cdk.App:
    stack = new_stack(flags=flags)
    hub = DeployHub(
        stack,
        "Hub",
        deploy=DeployServer(
            url="https://deploy.example.com:4516",
            credentials=DeployCredentials(stack, "Account", username="reconciler").secret,
        ),
        bastion=NewBastion(allowed_cidrs=["203.0.113.0/24", "2001:db8:1::/48"]),
        vpc_cidr="10.99.0.0/16",
        delay=cdk.Duration.seconds(5),
        max_concurrency=8,
        alarm_emails=["operators@example.com"],
        tracing=True,
    )
    DeployedAutoScalingGroup(
        stack,
        "Web",
        hub=hub,
        group_name="web shop / blue",
        max_capacity=40,
        instance_type=ec2.InstanceType("m7i.large"),
        host_template=HostTemplate(
            properties={"connectionType": "SUDO", "sudoUsername": "root", "tags": ["blue", "shop"]}
        ),
        environment=f"Environments/{cdk.Aws.REGION}/{{group}}",
        application_order=["database", "shop"],
        gate=Gate(heartbeat_timeout=cdk.Duration.minutes(10), on_failure="CONTINUE"),
        reconcile_interval=cdk.Duration.minutes(2),
    )
    cdk.Tags.of(stack).add("team", "shop")
    return _root(stack)


def in_existing_vpc(flags: bool) -> cdk.App:
    stack = new_stack(flags=flags)
    vpc = existing_vpc(stack)
    DeployedAutoScalingGroup(
        stack, "Web", deploy=deploy_server(stack), bastion=BASTION, vpc=vpc, max_capacity=4
    )
    return _root(stack)


def with_existing_group(flags: bool) -> cdk.App:
    stack = new_stack(flags=flags)
    hub = DeployHub(
        stack,
        "Hub",
        deploy=deploy_server(stack),
        bastion=ExistingJumpstation(
            ci_id="Infrastructure/aws/jump",
            security_group=ec2.SecurityGroup.from_security_group_id(
                stack, "Jump", "sg-0123456789abcdef0", mutable=False
            ),
        ),
        vpc=existing_vpc(stack),
    )
    by_name = autoscaling.AutoScalingGroup.from_auto_scaling_group_name(stack, "Imported", "legacy")
    DeployedAutoScalingGroup(stack, "ByName", hub=hub, existing_group=by_name)
    by_object = autoscaling.AutoScalingGroup(
        stack,
        "Own",
        vpc=hub.vpc,
        launch_template=ec2.LaunchTemplate(
            stack,
            "OwnTemplate",
            instance_type=ec2.InstanceType("t4g.small"),
            machine_image=ec2.MachineImage.latest_amazon_linux2023(cpu_type=ec2.AmazonLinuxCpuType.ARM_64),
            security_group=ec2.SecurityGroup(stack, "OwnSecurityGroup", vpc=hub.vpc),
            require_imdsv2=True,
            block_devices=[
                ec2.BlockDevice(device_name="/dev/xvda", volume=ec2.BlockDeviceVolume.ebs(8, encrypted=True))
            ],
        ),
    )
    acknowledge(by_object, "AwsSolutions-AS3", "The user's own group.")
    DeployedAutoScalingGroup(stack, "ByObject", hub=hub, existing_group=by_object)
    return _root(stack)


def with_private_deploy(flags: bool) -> cdk.App:
    stack = new_stack(flags=flags)
    bundle = ssm.StringParameter.from_string_parameter_name(stack, "Bundle", "/trust/internal-ca")
    hub = DeployHub(
        stack,
        "Hub",
        deploy=deploy_server(stack, private=True, ca_bundle=bundle, proxy="http://proxy.example.com:3128"),
        bastion=DirectAccess(allowed_cidrs=["10.1.0.0/16"]),
        vpc=existing_vpc(stack),
    )
    passwords = secretsmanager.Secret.from_secret_name_v2(stack, "Passwords", "windows/passwords")
    DeployedAutoScalingGroup(
        stack,
        "Windows",
        hub=hub,
        group_name="windows",
        max_capacity=4,
        instance_type=ec2.InstanceType("m7i.large"),
        machine_image=ec2.MachineImage.latest_windows(
            ec2.WindowsVersion.WINDOWS_SERVER_2022_ENGLISH_FULL_BASE
        ),
        host_template=HostTemplate.windows(),
        login=StoredPassword(password=SecretField(secret=passwords, name="administrator")),
    )
    return _root(stack)


def with_several_groups(flags: bool) -> cdk.App:
    root = new_app(flags=flags)
    shared = cdk.Stack(root, "Shared", env=ENVIRONMENT)
    pair = ec2.KeyPair.from_key_pair_name(shared, "Pair", "operations")
    keys = secretsmanager.Secret.from_secret_name_v2(shared, "Keys", "operations/keys")
    hub = DeployHub(
        shared,
        "Hub",
        deploy=deploy_server(shared),
        bastion=BASTION,
        login=StoredKey(key_pair=pair, private_key=SecretField(secret=keys, name="ssh")),
    )
    for name in ("orders", "stock"):
        stack = cdk.Stack(root, name.capitalize(), env=ENVIRONMENT)
        DeployedAutoScalingGroup(stack, "Group", hub=hub, group_name=name, max_capacity=6)
    file = KeyFile(key_pair=pair, path="/opt/deploy/keys/batch.pem")
    DeployedAutoScalingGroup(shared, "Batch", hub=hub, max_capacity=2, gate=None, login=file)
    return root


def with_endpoint_delivery(flags: bool) -> cdk.App:
    stack = new_stack(flags=flags)
    caller = secretsmanager.Secret.from_secret_name_v2(stack, "Caller", "deploy/eventbridge")
    key = secretsmanager.Secret.from_secret_name_v2(stack, "CloudKey", "deploy/aws-key")
    DeployedAutoScalingGroup(
        stack,
        "Web",
        deploy=deploy_server(stack, cloud_credentials=key),
        bastion=BASTION,
        delivery=EndpointDelivery(authorization=SecretField(secret=caller, name="authorization")),
        max_capacity=4,
    )
    return _root(stack)


def with_private_endpoint_delivery(flags: bool) -> cdk.App:
    stack = new_stack(flags=flags)
    caller = secretsmanager.Secret.from_secret_complete_arn(
        stack, "Caller", "arn:aws:secretsmanager:eu-west-1:111111111111:secret:deploy/eventbridge-AbCdEf"
    )
    hub = DeployHub(
        stack,
        "Hub",
        deploy=deploy_server(stack, url="https://deploy.internal.example/deployit", private=True),
        bastion=DirectAccess(allowed_cidrs=["10.1.0.0/16"]),
        vpc=existing_vpc(stack),
        delivery=EndpointDelivery(
            authorization=SecretField(secret=caller, name="authorization"),
            cloud="Infrastructure/aws/operations",
            vpc_link=apigateway.VpcLink.from_vpc_link_id(stack, "Link", "abc123"),
        ),
    )
    DeployedAutoScalingGroup(stack, "Orders", hub=hub, group_name="orders", max_capacity=6)
    DeployedAutoScalingGroup(stack, "Stock", hub=hub, group_name="stock", max_capacity=6)
    return _root(stack)


def _root(stack: cdk.Stack) -> cdk.App:
    root = stack.node.root
    assert isinstance(root, cdk.App)
    return root


@dataclass(frozen=True)
class Case:
    """One way to use the library."""

    name: str
    build: Callable[[bool], cdk.App]
    flags: bool = True


CASES = (
    Case("app", app),
    Case("minimal", minimal),
    Case("minimal, feature flags off", minimal, flags=False),
    Case("full", full),
    Case("full, feature flags off", full, flags=False),
    Case("existing vpc", in_existing_vpc),
    Case("existing groups", with_existing_group),
    Case("private deploy, windows", with_private_deploy),
    Case("several groups in several stacks", with_several_groups),
    Case("endpoint delivery", with_endpoint_delivery),
    Case("endpoint delivery, private deploy", with_private_endpoint_delivery),
)


@cache
def synthesize(case: Case) -> dict[str, Template]:
    """Return the templates of a case by the names of their stacks."""
    assembly = case.build(case.flags).synth()
    return {
        stack.stack_name: json.loads(Path(stack.template_full_path).read_text()) for stack in assembly.stacks
    }


def resources(case: Case, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return logical id and definition of every resource of a type in a case."""
    for stack, template in synthesize(case).items():
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] == kind:
                yield f"{stack}/{logical_id}", resource


def properties(case: Case, kind: str) -> Iterator[dict[str, Any]]:
    """Return the properties of every resource of a type in a case."""
    for _, resource in resources(case, kind):
        yield resource.get("Properties", {})
