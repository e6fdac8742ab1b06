"""The configuration items in Deploy that belong to one group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws

from cdk_app.host_template import DOCUMENTATION_ADDRESS
from cdk_app.seed import ConfigurationItem

if TYPE_CHECKING:
    from cdk_app.group import DeployedAutoScalingGroup
    from cdk_app.host_template import HostTemplate
    from cdk_app.login import Login

__all__ = ["group_items"]


def group_items(
    group: DeployedAutoScalingGroup, template: HostTemplate, login: Login
) -> list[ConfigurationItem]:
    """Return environment, directory of the hosts, and template of a group, parents first."""
    properties = {**template.rendered(), **login.properties(), "address": DOCUMENTATION_ADDRESS}
    if "credentials" in properties:
        # The user is in the credentials, and one beside them would win or clash.
        properties.pop("username", None)
    if group.hub.jumpstation is not None:
        properties["jumpstation"] = group.hub.jumpstation
    secrets = login.secret_properties()
    preferred, plain = group.templates
    otherwise = None
    if group.hub.by_endpoint:
        # The plugin has to be there, and finds what it needs in the template.
        properties |= _place(group)
    else:
        otherwise = ConfigurationItem(
            id=plain, type="overthere.SshHost", properties=properties, secret_properties=secrets
        )
    return [
        ConfigurationItem(id=group.environment, type="udm.Environment"),
        ConfigurationItem(id=group.infrastructure, type="core.Directory"),
        ConfigurationItem(
            id=preferred,
            type="aws.asg.ec2SshHostTemplate",
            properties=properties,
            secret_properties=secrets,
            otherwise=otherwise,
        ),
    ]


def _place(group: DeployedAutoScalingGroup) -> dict[str, str]:
    assert group.hub.cloud is not None  # noqa: S101 - for the type checker; the hub has checked it
    return {
        "autoScalingGroup": group.group_name,
        "account": Aws.ACCOUNT_ID,
        "region": Aws.REGION,
        "environment": group.environment,
        "infrastructure": group.infrastructure,
        "server": group.hub.server,
        "cloud": group.hub.cloud,
    }
