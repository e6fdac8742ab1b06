"""The configuration items in Deploy that the groups of a hub share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.bastion import JUMP_USER
from cdk_app.login import SecretField
from cdk_app.seed import ConfigurationItem

if TYPE_CHECKING:
    from aws_cdk import aws_secretsmanager as secretsmanager

    from cdk_app.deploy_server import DeployServer
    from cdk_app.instance_access import InstanceAccess
    from cdk_app.login import Login

__all__ = ["shared_items"]

_CLOUD_FIELDS = ("accesskey", "accessSecret")


def shared_items(
    *, server: str, cloud: str | None, deploy: DeployServer, access: InstanceAccess
) -> list[ConfigurationItem]:
    """Return the connections to Deploy itself and to AWS, and the bastion, as far as they are the hub's.

    Parameters
    ----------
    server, cloud
        Ids of the connections.
    deploy
        The Deploy server.
    access
        How it gets to the instances.
    """
    items = [_deploy_connection(server, deploy)]
    if cloud is not None and deploy.cloud_credentials is not None:
        items.append(_cloud_connection(cloud, deploy.cloud_credentials))
    if access.jumpstation is not None and access.bastion is not None:
        items.append(_jumpstation(access.jumpstation, access.bastion.address, access.login))
    return items


def _jumpstation(ci_id: str, address: str, login: Login) -> ConfigurationItem:
    properties = {"os": "UNIX", "address": address, "port": "22", "username": JUMP_USER}
    return ConfigurationItem(
        id=ci_id,
        type="overthere.SshJumpstation",
        properties={**properties, **login.properties()},
        secret_properties=login.secret_properties(),
    )


def _deploy_connection(ci_id: str, deploy: DeployServer) -> ConfigurationItem:
    # For scripts inside Deploy: user and password, or a token.
    return ConfigurationItem(
        id=ci_id,
        type="deploy.server",
        properties={"url": deploy.url},
        secret_properties={
            name: {**SecretField(secret=deploy.credentials, name=name).source(), "optional": "true"}
            for name in ("username", "password", "token")
        },
        optional="the plugin of this package",
    )


def _cloud_connection(ci_id: str, credentials: secretsmanager.ISecret) -> ConfigurationItem:
    return ConfigurationItem(
        id=ci_id,
        type="aws.Cloud",
        secret_properties={
            name: SecretField(secret=credentials, name=name).source() for name in _CLOUD_FIELDS
        },
        optional="Deploy's AWS plugin",
    )
