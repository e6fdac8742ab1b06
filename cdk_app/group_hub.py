"""The hub of a group: one that it shares with others, or one of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack

from cdk_app.hub import DeployHub
from cdk_app.options import check_type
from cdk_app.ssh_access import NewBastion

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2
    from constructs import Construct

    from cdk_app.delivery import EndpointDelivery
    from cdk_app.deploy_server import DeployServer
    from cdk_app.login import Login
    from cdk_app.ssh_access import SshAccess

__all__ = ["hub_of_group"]


def hub_of_group(
    scope: Construct,
    hub: DeployHub | None,
    deploy: DeployServer | None,
    bastion: SshAccess | None,
    vpc: ec2.IVpc | None,
    delivery: EndpointDelivery | None,
    login: Login | None,
) -> DeployHub:
    """Return the hub that a group shares, or make one of its own.

    Parameters
    ----------
    scope
        The group.
    hub, deploy, bastion, vpc, delivery, login
        As the group got them.

    Raises
    ------
    ValueError
        If they exclude each other, are too few for a hub, or the hub is in another account or region.
    """
    if hub is None:
        if deploy is None or bastion is None:
            missing = " and ".join(
                name for name, value in (("deploy", deploy), ("bastion", bastion)) if value is None
            )
            raise ValueError(
                f"hub of the group: got neither hub nor {missing}, expected one of them; "
                "pass hub= to share one, or deploy= and bastion= for one of its own"
            )
        # A bastion's user needs a key, which not every login has; without a bastion one key pair is enough.
        shared = None if isinstance(bastion, NewBastion) else login
        return DeployHub(
            scope, "Hub", deploy=deploy, bastion=bastion, vpc=vpc, delivery=delivery, login=shared
        )
    check_type("hub", hub, DeployHub, "pass the hub itself")
    if any(option is not None for option in (deploy, bastion, vpc, delivery)):
        raise ValueError(
            "hub of the group: got hub together with deploy, bastion, vpc or delivery, expected only hub; "
            "pass those to the hub"
        )
    theirs, ours = Stack.of(hub).environment, Stack.of(scope).environment
    if theirs != ours:
        raise ValueError(
            f"hub of the group: got one in {theirs} for a group in {ours}, expected both in one account and "
            "region; make a hub in each, or give both stacks the same env"
        )
    return hub
