"""The configuration items in Deploy that belong to one group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws

from cdk_app.host_template import DOCUMENTATION_ADDRESS
from cdk_app.seed import ConfigurationItem

if TYPE_CHECKING:
    from cdk_app.group_names import GroupNames
    from cdk_app.host_template import HostTemplate
    from cdk_app.hub import DeployHub
    from cdk_app.login import Login

__all__ = ["group_items"]


def group_items(
    hub: DeployHub, names: GroupNames, template: HostTemplate, login: Login
) -> list[ConfigurationItem]:
    """Return environment, directory of the hosts, and template of a group, parents first."""
    properties = {**template.rendered(), **login.properties(), "address": DOCUMENTATION_ADDRESS}
    if "credentials" in properties:
        # The user is in the credentials, and one beside them would win or clash.
        properties.pop("username", None)
    if hub.jumpstation is not None:
        properties["jumpstation"] = hub.jumpstation
    secrets = login.secret_properties()
    *preferred, plain = names.templates
    item = ConfigurationItem(id=plain, type=template.type, properties=properties, secret_properties=secrets)
    for ci_id in preferred:
        if hub.by_endpoint:
            # The plugin has to be there, and finds what it needs in the template.
            properties |= _place(hub, names)
        item = ConfigurationItem(
            id=ci_id,
            type="aws.asg.ec2SshHostTemplate",
            properties=properties,
            secret_properties=secrets,
            otherwise=None if hub.by_endpoint else item,
        )
    return [
        ConfigurationItem(id=names.environment, type="udm.Environment"),
        ConfigurationItem(id=names.infrastructure, type="core.Directory"),
        item,
    ]


def _place(hub: DeployHub, names: GroupNames) -> dict[str, str]:
    assert hub.cloud is not None  # noqa: S101 - for the type checker; the hub has checked it
    return {
        "autoScalingGroup": names.group,
        "account": Aws.ACCOUNT_ID,
        "region": Aws.REGION,
        "environment": names.environment,
        "infrastructure": names.infrastructure,
        "server": hub.server,
        "cloud": hub.cloud,
    }
