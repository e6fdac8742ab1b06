"""What is refused of the way from Deploy to the instances: ranges, jumpstations, logins."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2

from cdk_app import (
    CredentialsItem,
    DirectAccess,
    ExistingJumpstation,
    HostTemplate,
    KeyFile,
    NewBastion,
    SecretField,
    StoredKey,
    StoredPassword,
)
from tests.cdk_app.refusals.attempts import Refusals, group, hub, password, secret, unique

REFUSED: Refusals = {
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
    "login of the bastion": (
        lambda stack: hub(stack, login=CredentialsItem(ci_id="Configuration/web")),
        "login of the hub: got CredentialsItem, expected StoredKey or KeyFile, for the bastion's user has "
        "the key pair's key; pass the other login to the groups",
    ),
    "ipv6 behind the bastion": (
        lambda stack: group(stack, host_template=HostTemplate(address="ipv6")),
        "address of the hosts: got 'ipv6', expected 'private-ipv4' or 'private-dns', where alone the bastion "
        "leads; pass target_ipv6_cidrs= to NewBastion, or use DirectAccess or ExistingJumpstation on the hub",
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
    "port behind the bastion": (
        lambda stack: group(stack, host_template=HostTemplate(properties={"port": 2222})),
        "port of the hosts: got 2222, expected 22, which alone the bastion forwards; "
        "use SSH at port 22 on the hosts, or DirectAccess or ExistingJumpstation on the hub",
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
    "list of ranges that deployment knows": (
        lambda _: NewBastion(allowed_cidrs=cdk.Fn.split(",", cdk.Fn.import_value("Ranges"))),
        "allowed_cidrs: got a list that is known only at deployment, expected a list of ranges; take each of "
        "them with Fn.select",
    ),
    "jumpstation without a name": (
        lambda _: ExistingJumpstation(ci_id="Infrastructure/", allowed_cidrs=["10.0.0.1/32"]),
        "ci_id of the jumpstation: got 'Infrastructure/', expected an id such as "
        "'Infrastructure/aws/bastion'",
    ),
    "credentials without a name": (
        lambda _: CredentialsItem(ci_id="Configuration/"),
        "ci_id of the credentials: got 'Configuration/', expected an id such as "
        "'Configuration/web-credentials'",
    ),
    "no path": (
        lambda _: KeyFile(path=""),
        "path of the key file: got '', expected its path such as '/opt/deploy/key.pem'",
    ),
    "no field": (
        lambda stack: SecretField(secret=secret(stack), name=""),
        "name of the secret's field: got '', expected a key of the secret's JSON object",
    ),
    "password for the bastion": (
        lambda stack: hub(
            stack,
            login=StoredPassword(
                password=SecretField(secret=secret(stack), name="administrator"),
                key_pair=ec2.KeyPair.from_key_pair_name(stack, unique("Pair"), "pair"),
            ),
        ),
        "login of the hub: got StoredPassword, expected StoredKey or KeyFile, for the bastion's user has the "
        "key pair's key; pass the other login to the groups",
    ),
    "windows on arm": (
        lambda stack: group(
            stack,
            machine_image=ec2.MachineImage.latest_windows(
                ec2.WindowsVersion.WINDOWS_SERVER_2022_ENGLISH_FULL_BASE
            ),
            login=CredentialsItem(ci_id="Configuration/windows"),
        ),
        "instance_type: got t4g.small for Windows, expected a type with an x86 processor such as m7i.large; "
        "EC2 has no Windows for ARM",
    ),
    "text for the key": (
        lambda stack: StoredKey(
            key_pair=ec2.KeyPair.from_key_pair_name(stack, unique("Pair"), "pair"),
            private_key="hunter2",  # type: ignore[arg-type] # wrong on purpose
        ),
        "private_key: got text, expected a SecretField(…), or an SSM parameter such as of the key pair",
    ),
}
