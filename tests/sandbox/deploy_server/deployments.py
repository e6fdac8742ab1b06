"""A deployment of one application and how it is looked at: shared by the tests about deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.deploy_server.api import Api

ENVIRONMENT = "Environments/env"
DEPLOYED = "Environments/env/app"


def descriptions(api: Api, task: str, block: str = "0_1_1") -> list[str]:
    return [step["description"] for step in api.steps(task, block)]


def deployed_ids(deployment: dict[str, Any]) -> list[str]:
    return [deployed["id"] for deployed in deployment["deployeds"]]


def release(api: Api, version: str) -> str:
    """Deploy a version to the end and return its task."""
    task = api.deploy(f"Applications/app/{version}", ENVIRONMENT)
    assert api.finish(task) == "EXECUTED", api.steps(task)
    return task


def grow(api: Api, *names: str) -> None:
    environment = api.read(ENVIRONMENT)
    for name in names:
        api.create(f"Infrastructure/{name}", type="overthere.LocalHost", os="UNIX")
    members = [*environment["members"], *(f"Infrastructure/{name}" for name in names)]
    api.update({**environment, "members": members})
