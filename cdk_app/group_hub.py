"""The hub of a group: one that it shares with others, or one of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.hub import DeployHub

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2
    from constructs import Construct

    from cdk_app.delivery import EndpointDelivery
    from cdk_app.deploy_server import DeployServer
    from cdk_app.ssh_access import SshAccess

__all__ = ["hub_of_group"]


def hub_of_group(
    scope: Construct,
    hub: DeployHub | None,
    deploy: DeployServer | None,
    bastion: SshAccess | None,
    vpc: ec2.IVpc | None,
    delivery: EndpointDelivery | None,
) -> DeployHub:
    """Return the hub that a group shares, or make one of its own.

    Parameters
    ----------
    scope
        The group.
    hub, deploy, bastion, vpc, delivery
        As the group got them.

    Raises
    ------
    ValueError
        If they exclude each other, or are too few for a hub.
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
        return DeployHub(scope, "Hub", deploy=deploy, bastion=bastion, vpc=vpc, delivery=delivery)
    if any(option is not None for option in (deploy, bastion, vpc, delivery)):
        raise ValueError(
            "hub of the group: got hub together with deploy, bastion, vpc or delivery, expected only hub; "
            "pass those to the hub"
        )
    return hub
