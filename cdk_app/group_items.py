"""What Deploy holds of one group: environment, directory of the hosts, and their template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws

from cdk_app.host_template import DOCUMENTATION_ADDRESS
from cdk_app.login_access import LoginAccess
from cdk_app.seed import ConfigurationItem, Seed

if TYPE_CHECKING:
    from constructs import Construct

    from cdk_app.group_names import GroupNames
    from cdk_app.host_template import HostTemplate
    from cdk_app.hub import DeployHub
    from cdk_app.login import Login

__all__ = ["group_seed"]


def group_seed(
    scope: Construct, hub: DeployHub, names: GroupNames, template: HostTemplate, login: Login
) -> Seed:
    """Return the seed of a group, which comes after the hub's.

    Parameters
    ----------
    scope
        What belongs to the group.
    hub, names, template, login
        What it shares, what it is called, what its hosts are like, and how Deploy logs in to them.
    """
    if names.environments is not None:
        hub.seed.add_directory(names.environments)
    seed = Seed(
        scope,
        "Seed",
        seeder=hub.seeder,
        record=names.key,
        items=_items(hub, names, template, login),
        group_name=names.group,
        hosts=names.infrastructure,
    )
    seed.node.add_dependency(hub.seed)
    if login != hub.login:
        access = LoginAccess(scope, "LoginAccess", login=login, roles=hub.function_roles)
        seed.node.add_dependency(access)
        if not hub.by_endpoint:
            hub.reconciler.policy_size.add(access.policies)
    return seed


def _items(
    hub: DeployHub, names: GroupNames, template: HostTemplate, login: Login
) -> list[ConfigurationItem]:
    """Return the items, parents first."""
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
