"""The way of Deploy to the instances of a hub's groups: how it logs in, and what is in between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2

from cdk_app.bastion import Bastion
from cdk_app.login import KeyFile, Login, StoredKey, by_key
from cdk_app.options import check_type
from cdk_app.ssh_access import ExistingJumpstation, NewBastion, SshAccess, peers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from cdk_app.host_template import HostTemplate

__all__ = ["InstanceAccess", "known_connections"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceAccess:
    """How Deploy gets to the instances of a hub's groups; its constructs are the hub's own.

    Attributes
    ----------
    ssh
        The choice that the hub was given.
    login
        How Deploy logs in.
    key_pair
        The key pair, if it is ours.
    bastion
        The bastion, if it is ours.
    jumpstation
        Id of the jumpstation in Deploy (- there is none).
    """

    ssh: SshAccess
    login: Login
    key_pair: ec2.KeyPair | None
    bastion: Bastion | None
    jumpstation: str | None

    @classmethod
    def of(
        cls,
        scope: Construct,
        *,
        login: Login | None,
        ssh: SshAccess,
        vpc: ec2.IVpc,
        subnets: Sequence[ec2.ISubnet],
        bastion_id: str,
    ) -> InstanceAccess:
        """Make what is missing of it.

        Parameters
        ----------
        scope
            The hub.
        login
            How Deploy logs in (- with a key pair made here).
        ssh
            How its connections reach the instances.
        vpc, subnets
            Where a bastion of our own is, and the subnets that it leads to.
        bastion_id
            Id in Deploy of a bastion of our own.

        Raises
        ------
        ValueError
            If there shall be a bastion of our own, and the login has no key for its user.
        TypeError
            If `login` or `ssh` is something else.
        """
        check_type("bastion", ssh, SshAccess, "pass one of these, made with its ranges")
        key_pair = None
        if login is not None:
            _check_login_type(login)
        if login is None or (isinstance(login, KeyFile) and login.key_pair is None):
            # ED25519 works with every combination of server and host that Deploy is known to meet.
            key_pair = ec2.KeyPair(scope, "KeyPair", type=ec2.KeyPairType.ED25519)
            login = (
                replace(login, key_pair=key_pair)
                if login
                else StoredKey(key_pair=key_pair, private_key=key_pair.private_key)
            )
        bastion = jumpstation = None
        match ssh:
            case NewBastion():
                jumpstation = bastion_id
                bastion = Bastion(
                    scope,
                    "Bastion",
                    vpc=vpc,
                    key_pair=_key_of_bastion(login),
                    target_subnets=subnets,
                    options=ssh,
                )
            case ExistingJumpstation():
                jumpstation = ssh.ci_id
        return cls(ssh=ssh, login=login, key_pair=key_pair, bastion=bastion, jumpstation=jumpstation)

    def admit(self, scope: Construct, connections: ec2.Connections | None, template: HostTemplate) -> None:
        """Let the Deploy server's connections into instances.

        Parameters
        ----------
        scope
            What belongs to the group.
        connections
            Connections of the instances; None if they must let Deploy in by themselves.
        template
            What their hosts in Deploy are like.

        Raises
        ------
        ValueError
            If Deploy reaches no such host this way.
        """
        sources = peers(self.ssh, self.bastion.security_group if self.bastion else None, template)
        for number, security_group in enumerate(connections.security_groups if connections else ()):
            admitting = _ruled_from(scope, f"SecurityGroup{number}", security_group)
            for peer, port in product(sources, template.ports):
                # A rule of the instances only: what the bastion may reach is settled by ranges.
                admitting.add_ingress_rule(peer, ec2.Port.tcp(port), "Deploy")

    def completed(self, login: Login | None) -> Login:
        """Return how Deploy logs in: the hub's way, or another with the hub's key pair where it has none.

        Raises
        ------
        TypeError
            If `login` is something else.
        """
        if login is None:
            return self.login
        _check_login_type(login)
        if isinstance(login, KeyFile) and login.key_pair is None:
            return replace(login, key_pair=self.login.key_pair)
        return login


def known_connections(group: autoscaling.IAutoScalingGroup) -> ec2.Connections | None:
    """Return the connections of a group's instances; None if CDK does not know their security groups."""
    if not isinstance(group, autoscaling.AutoScalingGroup):
        return None
    try:
        return group.connections
    except RuntimeError:
        # Its launch template was imported, or names no security group.
        return None


def _ruled_from(
    scope: Construct, construct_id: str, security_group: ec2.ISecurityGroup
) -> ec2.ISecurityGroup:
    """Return a security group whose rules are in the stack of `scope`.

    A rule in the stack of an existing group would make that stack need the bastion's, which may need it.
    """
    if isinstance(security_group, ec2.SecurityGroup) and Stack.of(security_group) is not Stack.of(scope):
        return ec2.SecurityGroup.from_security_group_id(scope, construct_id, security_group.security_group_id)
    return security_group


def _check_login_type(login: object) -> None:
    check_type("login", login, Login, "pass a StoredKey, KeyFile, CredentialsItem or StoredPassword")


def _key_of_bastion(login: Login) -> ec2.IKeyPair:
    if login.key_pair is None or not by_key(login):
        raise ValueError(
            f"login of the hub: got {type(login).__name__}, expected StoredKey or KeyFile, for the "
            "bastion's user has the key pair's key; pass the other login to the groups"
        )
    return login.key_pair
