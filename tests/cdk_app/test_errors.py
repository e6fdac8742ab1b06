"""Every refusal of the library says what, what it got, what it expected, and what to do where that helps."""

from __future__ import annotations

import ast
import re
import traceback
from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns

import cdk_app
from cdk_app import (
    CredentialsItem,
    DeployedAutoScalingGroup,
    DeployHub,
    DirectAccess,
    EndpointDelivery,
    ExistingJumpstation,
    Gate,
    HostTemplate,
    KeyFile,
    NewBastion,
    SecretField,
    StoredPassword,
    source,
)
from cdk_app.config import Config
from cdk_app.plugin_archive import archive_name
from tests.cdk_app.cases import BASTION, CDK_JSON, ROOT, deploy_server, existing_vpc, new_stack


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    return new_stack()


_number = iter(range(10_000))


def unique(name: str) -> str:
    return f"{name}{next(_number)}"


def hub(stack: cdk.Stack, **options: object) -> DeployHub:
    given: dict[str, object] = {"deploy": deploy(stack), "bastion": BASTION, **options}
    return DeployHub(stack, unique("Hub"), **given)  # type: ignore[arg-type] # wrong on purpose


def group(stack: cdk.Stack, **options: object) -> DeployedAutoScalingGroup:
    given: dict[str, object] = {"deploy": deploy(stack), "bastion": BASTION, "max_capacity": 2, **options}
    return DeployedAutoScalingGroup(stack, unique("Group"), **given)  # type: ignore[arg-type] # wrong on purpose


def deploy(stack: cdk.Stack, **options: object) -> object:
    return deploy_server(cdk.Stack(stack, unique("Scope")), **options)


def secret(stack: cdk.Stack) -> secretsmanager.ISecret:
    return secretsmanager.Secret.from_secret_name_v2(stack, unique("Secret"), "deploy/other")


def password(stack: cdk.Stack) -> StoredPassword:
    return StoredPassword(password=SecretField(secret=secret(stack), name="administrator"))


def endpoint(stack: cdk.Stack, **options: str) -> EndpointDelivery:
    authorization = SecretField(secret=secret(stack), name="authorization")
    return EndpointDelivery(authorization=authorization, cloud=options.get("cloud"))


def with_key(stack: cdk.Stack) -> object:
    return deploy(stack, cloud_credentials=secret(stack))


def twins(stack: cdk.Stack) -> None:
    scope = cdk.Stack(stack, "Twins")
    shared = hub(scope)
    for name in ("First", "Second"):
        DeployedAutoScalingGroup(scope, name, hub=shared, group_name="same", max_capacity=1)


def configured(**changes: object) -> Config:
    return Config.from_mapping({**CDK_JSON, **changes})


def wrong_setting(key: str) -> Callable[[cdk.Stack], object]:
    return lambda _: configured(**{key: "5 m"})


REFUSED: dict[str, tuple[Callable[[cdk.Stack], object], str]] = {
    "no address": (
        lambda stack: deploy(stack, url="deploy.example.com"),
        "url of the Deploy server: got 'deploy.example.com', expected an address such as "
        "'https://deploy.example.com:4516'",
    ),
    "no port number": (
        lambda stack: deploy(stack, url="https://deploy.example.com:port"),
        "url of the Deploy server: got 'https://deploy.example.com:port', expected an address such as "
        "'https://deploy.example.com:4516'",
    ),
    "user in the address": (
        lambda stack: deploy(stack, url="https://admin:secret@deploy.example.com"),
        "url of the Deploy server: got one with a user name in it, expected none; "
        "put user and password into the credentials secret",
    ),
    "user in what is no address": (
        lambda stack: deploy(stack, url="admin:secret@deploy.example.com:port"),
        "url of the Deploy server: got one with a user name in it, expected none; "
        "put user and password into the credentials secret",
    ),
    "user in the proxy's address": (
        lambda stack: deploy(stack, proxy="http://admin:secret@proxy:3128"),
        "proxy of the Deploy server: got one with a user name in it, expected none; "
        "let the proxy admit the functions by their addresses",
    ),
    "plain http": (
        lambda stack: deploy(stack, url="http://deploy.example.com:4516"),
        "url of the Deploy server: got 'http://deploy.example.com:4516', expected https; "
        "pass allow_plain_http=True if credentials may cross this network in the clear",
    ),
    "proxy": (
        lambda stack: deploy(stack, proxy="proxy:3128"),
        "proxy of the Deploy server: got 'proxy:3128', expected an address such as "
        "'http://proxy.example.com:3128'",
    ),
    "everybody": (
        lambda _: NewBastion(allowed_cidrs=["0.0.0.0/0"]),
        "allowed_cidrs: got '0.0.0.0/0', which is everybody, expected the ranges that the Deploy server "
        "connects from",
    ),
    "no range": (
        lambda _: NewBastion(allowed_cidrs=[]),
        "allowed_cidrs: got [], expected a list with at least one range such as '203.0.113.10/32'; "
        "name the addresses that the Deploy server connects from",
    ),
    "text for a list": (
        lambda _: DirectAccess(allowed_cidrs="203.0.113.10/32"),
        "allowed_cidrs: got '203.0.113.10/32', expected a list with at least one range such as "
        "'203.0.113.10/32'; name the addresses that the Deploy server connects from",
    ),
    "host bits": (
        lambda _: DirectAccess(allowed_cidrs=["203.0.113.10/24"]),
        "allowed_cidrs: got '203.0.113.10/24' (203.0.113.10/24 has host bits set), expected a range such as "
        "'203.0.113.10/32'",
    ),
    "jumpstation id": (
        lambda _: ExistingJumpstation(ci_id="bastion", allowed_cidrs=["10.0.0.1/32"]),
        "ci_id of the jumpstation: got 'bastion', expected an id such as 'Infrastructure/aws/bastion'",
    ),
    "jumpstation from nowhere": (
        lambda _: ExistingJumpstation(ci_id="Infrastructure/aws/bastion"),
        "allowed_cidrs: got (), expected a list with at least one range such as '203.0.113.10/32'; "
        "name the addresses that the Deploy server connects from",
    ),
    "credentials id": (
        lambda _: CredentialsItem(ci_id="web"),
        "ci_id of the credentials: got 'web', expected an id such as 'Configuration/web-credentials'",
    ),
    "key for a path": (
        lambda stack: KeyFile(
            key_pair=ec2.KeyPair.from_key_pair_name(stack, unique("Pair"), "pair"),
            path="-----BEGIN OPENSSH PRIVATE KEY-----",
        ),
        "path of the key file: got a key, expected the path of its file on the Deploy server; "
        "to hand over a key use StoredKey",
    ),
    "address of the template": (
        lambda _: HostTemplate(properties={"address": "10.0.0.1"}),
        "host template property 'address': got a value, expected none; "
        "each host gets its own from its instance and its bastion",
    ),
    "secret in the template": (
        lambda _: HostTemplate(properties={"password": "hunter2"}),
        "host template property 'password': got a value, expected none; "
        "a template holds no secrets; pass login= to the group or hub",
    ),
    "login in the template": (
        lambda _: HostTemplate(properties={"privateKeyFile": "/key"}),
        "host template property 'privateKeyFile': got a value, expected none; "
        "pass login= to the group or hub",
    ),
    "kind of address": (
        lambda _: HostTemplate(address="public"),  # type: ignore[arg-type] # wrong on purpose
        "address of the hosts: got 'public', expected 'private-ipv4', 'private-dns' or 'ipv6'",
    ),
    "ipv6 behind the bastion": (
        lambda stack: group(stack, host_template=HostTemplate(address="ipv6")),
        "address of the hosts: got 'ipv6', expected 'private-ipv4' or 'private-dns', where alone the bastion "
        "leads; pass target_ipv6_cidrs= to NewBastion, or use DirectAccess or ExistingJumpstation on the hub",
    ),
    "type of the template": (
        lambda _: HostTemplate(type="overthere.CifsHost"),  # type: ignore[arg-type] # wrong on purpose
        "type of the hosts: got 'overthere.CifsHost', expected 'overthere.SshHost' or 'overthere.SmbHost'",
    ),
    "smb port of the template": (
        lambda _: HostTemplate(type="overthere.SmbHost", properties={"smbPort": 70000}),
        "host template property 'smbPort': got 70000, expected 1 to 65535",
    ),
    "winrm behind the bastion": (
        lambda stack: group(stack, host_template=HostTemplate.winrm(), login=password(stack)),
        "port of the hosts: got 5986, 445, expected 22, which alone the bastion forwards; "
        "use SSH at port 22 on the hosts, or DirectAccess or ExistingJumpstation on the hub",
    ),
    "winrm behind the bastion, group by name": (
        lambda stack: group(
            stack,
            max_capacity=None,
            existing_group=autoscaling.AutoScalingGroup.from_auto_scaling_group_name(
                stack, unique("Existing"), "legacy"
            ),
            host_template=HostTemplate.winrm(),
            login=password(stack),
        ),
        "port of the hosts: got 5986, 445, expected 22, which alone the bastion forwards; "
        "use SSH at port 22 on the hosts, or DirectAccess or ExistingJumpstation on the hub",
    ),
    "winrs through a jumpstation": (
        lambda stack: group(
            stack,
            bastion=ExistingJumpstation(ci_id="Infrastructure/jump", allowed_cidrs=["10.7.0.4/32"]),
            host_template=HostTemplate(
                type="overthere.SmbHost", properties={"connectionType": "WINRM_NATIVE"}
            ),
            login=password(stack),
        ),
        "connectionType of the hosts: got 'WINRM_NATIVE', expected 'WINRM_INTERNAL', for winrs goes through "
        "no jumpstation; use WINRM_INTERNAL, or DirectAccess on the hub",
    ),
    "winrm with a key": (
        lambda stack: group(
            stack,
            bastion=DirectAccess(allowed_cidrs=["10.1.0.0/16"]),
            host_template=HostTemplate.winrm(),
        ),
        "login of the group: got StoredKey for hosts of overthere.SmbHost, expected a password, for WinRM "
        "and SMB know no keys; pass login=StoredPassword(…) or CredentialsItem(…) to the group",
    ),
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
    "ipv4 for the bastion's ipv6 targets": (
        lambda _: NewBastion(allowed_cidrs=["203.0.113.10/32"], target_ipv6_cidrs=["10.20.0.0/16"]),
        "target_ipv6_cidrs: got '10.20.0.0/16', expected a list of IPv6 ranges of the groups' subnets such "
        "as '2001:db8:20:1::/64'",
    ),
    "all of ipv6": (
        lambda _: NewBastion(allowed_cidrs=["203.0.113.10/32"], target_ipv6_cidrs=["::/0"]),
        "target_ipv6_cidrs: got '::/0', expected a list of IPv6 ranges of the groups' subnets such as "
        "'2001:db8:20:1::/64'",
    ),
    "text for the ipv6 targets": (
        lambda _: NewBastion(allowed_cidrs=["203.0.113.10/32"], target_ipv6_cidrs="2001:db8::/64"),
        "target_ipv6_cidrs: got '2001:db8::/64', expected a list of IPv6 ranges of the groups' subnets such "
        "as '2001:db8:20:1::/64'",
    ),
    "port of the template": (
        lambda _: HostTemplate(properties={"port": 0}),
        "host template property 'port': got 0, expected 1 to 65535",
    ),
    "heartbeat": (
        lambda _: Gate(heartbeat_timeout=cdk.Duration.seconds(10)),
        "heartbeat_timeout: got 10 s, expected 360 to 7200 s; while Deploy is away, looks that prolong "
        "a wait can be five minutes apart",
    ),
    "failure policy": (
        lambda _: Gate(on_failure="RETRY"),  # type: ignore[arg-type] # wrong on purpose
        "on_failure: got 'RETRY', expected 'ABANDON' or 'CONTINUE'",
    ),
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
    "login of the bastion": (
        lambda stack: hub(stack, login=CredentialsItem(ci_id="Configuration/web")),
        "login of the hub: got CredentialsItem, expected StoredKey or KeyFile, for the bastion's user has "
        "the key pair's key; pass the other login to the groups",
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
    "neither hub nor parts": (
        lambda stack: group(stack, deploy=None),
        "hub of the group: got neither hub nor deploy, expected one of them; "
        "pass hub= to share one, or deploy= and bastion= for one of its own",
    ),
    "hub and parts": (
        lambda stack: group(stack, hub=hub(stack)),
        "hub of the group: got hub together with deploy, bastion, vpc or delivery, expected only hub; "
        "pass those to the hub",
    ),
    "no size": (
        lambda stack: group(stack, max_capacity=None),
        "max_capacity: got nothing, expected the most instances the group may have",
    ),
    "size 0": (
        lambda stack: group(stack, max_capacity=0),
        "max_capacity: got 0, expected at least 1",
    ),
    "existing group and size": (
        lambda stack: group(
            stack,
            existing_group=autoscaling.AutoScalingGroup.from_auto_scaling_group_name(
                stack, unique("Existing"), "legacy"
            ),
        ),
        "max_capacity: got a value together with existing_group, expected none; "
        "the existing group decides it",
    ),
    "group name": (
        lambda stack: group(stack, group_name="web:*"),
        "group_name: got 'web:*', expected 1 to 255 characters without ':', '*', '?' and '$'",
    ),
    "windows with our key pair": (
        lambda stack: group(
            stack,
            instance_type=ec2.InstanceType("m7i.large"),
            machine_image=ec2.MachineImage.latest_windows(
                ec2.WindowsVersion.WINDOWS_SERVER_2022_ENGLISH_FULL_BASE
            ),
        ),
        "login of the group: got an ED25519 key pair for Windows, expected an RSA one or none, since EC2 "
        "launches no Windows with it; pass login=StoredPassword(…), CredentialsItem(…) or an RSA pair",
    ),
    "environment": (
        lambda stack: group(stack, environment="Environments//web"),
        "environment: got 'Environments//web', expected an id such as 'Environments/team/{group}'",
    ),
    "port behind the bastion": (
        lambda stack: group(stack, host_template=HostTemplate(properties={"port": 2222})),
        "port of the hosts: got 2222, expected 22, which alone the bastion forwards; "
        "use SSH at port 22 on the hosts, or DirectAccess or ExistingJumpstation on the hub",
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
    "setting that is no text": (
        lambda _: configured(deployUrl=5),
        "context key 'deployUrl': got 5, expected a string",
    ),
    "plugin without a version": (
        lambda _: archive_name("plugin=aws-asg\n"),
        "plugin-version.properties of the plugin: got ['plugin'], expected plugin and version; "
        "write both there",
    ),
    "two groups of one name": (
        twins,
        "group_name: got 'same' for Stack/Twins/Second, which is the name of Stack/Twins/First, expected "
        "names that differ; both would have the same environment and hosts in Deploy",
    ),
    "connections of a name": (
        lambda stack: (
            DeployedAutoScalingGroup(
                stack,
                unique("Imported"),
                hub=hub(stack),
                existing_group=autoscaling.AutoScalingGroup.from_auto_scaling_group_name(
                    stack, unique("ByName"), "legacy"
                ),
            ).connections
        ),
        "connections of the group: got a group imported by name, expected one by object; "
        "add rules to its security group yourself",
    ),
}


@pytest.fixture(scope="module")
def refusals() -> dict[str, ValueError]:
    """Return what each attempt raises."""
    stack = new_stack()
    raised: dict[str, ValueError] = {}
    for name, (attempt, _) in REFUSED.items():
        try:
            attempt(stack)
        except ValueError as error:
            raised[name] = error
    return raised


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_what_it_got_and_what_it_expected(refusals: dict[str, ValueError], name: str) -> None:
    message = str(refusals[name])
    assert message == REFUSED[name][1]
    assert re.search(r"^.+: got .+, expected .+", message)
    assert "hunter2" not in message
    assert "secret@" not in message


def test_every_refusal_of_the_library_is_among_them(refusals: dict[str, ValueError]) -> None:
    raised = {
        (Path(frame.filename).name, frame.lineno)
        for error in refusals.values()
        for frame in traceback.extract_tb(error.__traceback__)[-1:]
    }
    written = {
        (path.name, node.lineno)
        for path in (ROOT / "cdk_app").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and refuses(node.exc)
    }
    assert sorted(written - raised) == []


def refuses(error: ast.Call) -> bool:
    """Tell whether it is a refusal; the others are those below, and those of the bundler."""
    return ast.unparse(error.func) not in {"AttributeError", "FileNotFoundError", "RuntimeError"}


def test_a_name_that_there_is_not_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'cdk_app' has no attribute 'Hub'"):
        _ = cdk_app.Hub


def test_a_package_without_the_functions_source_says_where_it_looked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(source, "__file__", str(tmp_path / "cdk_app" / "source.py"))
    with pytest.raises(FileNotFoundError) as refusal:
        source.runtime_source()
    assert str(refusal.value) == (
        f"source of the functions: got nothing at {tmp_path}/cdk_app/_runtime nor at {tmp_path}/runtime, "
        "expected a directory; install the package unpacked"
    )


def test_a_misspelt_option_is_refused_at_once(stack: cdk.Stack) -> None:
    with pytest.raises(TypeError, match="max_capacty"):
        group(stack, max_capacty=3)
