"""Auto Scaling groups that Digital.ai Deploy keeps deployed to, as AWS CDK constructs.

Names are loaded when they are first used: the sandbox below this package runs without CDK, whose kernel
takes seconds to start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_app.delivery import EndpointDelivery
    from cdk_app.deploy_credentials import DeployCredentials
    from cdk_app.deploy_server import DeployServer
    from cdk_app.gate import Gate
    from cdk_app.group import DeployedAutoScalingGroup
    from cdk_app.host_template import HostTemplate
    from cdk_app.hub import DeployHub
    from cdk_app.login import CredentialsItem, KeyFile, SecretField, StoredKey, StoredPassword
    from cdk_app.ssh_access import DirectAccess, ExistingJumpstation, NewBastion

__all__ = [
    "CredentialsItem",
    "DeployCredentials",
    "DeployHub",
    "DeployServer",
    "DeployedAutoScalingGroup",
    "DirectAccess",
    "EndpointDelivery",
    "ExistingJumpstation",
    "Gate",
    "HostTemplate",
    "KeyFile",
    "NewBastion",
    "SecretField",
    "StoredKey",
    "StoredPassword",
]

_HOMES = {
    "CredentialsItem": "login",
    "DeployCredentials": "deploy_credentials",
    "DeployHub": "hub",
    "DeployServer": "deploy_server",
    "DeployedAutoScalingGroup": "group",
    "DirectAccess": "ssh_access",
    "EndpointDelivery": "delivery",
    "ExistingJumpstation": "ssh_access",
    "Gate": "gate",
    "HostTemplate": "host_template",
    "KeyFile": "login",
    "NewBastion": "ssh_access",
    "SecretField": "login",
    "StoredKey": "login",
    "StoredPassword": "login",
}


def __dir__() -> list[str]:
    """Return the public names too: completion shows them before they are loaded."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    """Load a public name from its module.

    Raises
    ------
    AttributeError
        If there is no such name.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
