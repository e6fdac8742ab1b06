"""A hub in a network that exists, as its tests want it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_app import DeployHub
from tests.cdk_app.cases import BASTION, deploy_server, existing_vpc

if TYPE_CHECKING:
    import aws_cdk as cdk


def hub_in(stack: cdk.Stack, **options: Any) -> DeployHub:  # noqa: ANN401 - passed on
    if "vpc" not in options:
        options["vpc"] = existing_vpc(stack)
    if "deploy" not in options:
        options["deploy"] = deploy_server(stack)
    return DeployHub(stack, "Hub", **{"bastion": BASTION, **options})
