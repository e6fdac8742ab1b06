"""Deploy's deployment service: prepare a Deployment, check it, make a task of it.

A Deployment is kept whole between the calls: it may hold fields that we do not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.deploy.errors import Refused
from runtime.deploy.items import CI, messages
from runtime.deploy.repository import boolean

if TYPE_CHECKING:
    from runtime.deploy.transport import Transport

Deployment = CI
"""JSON object with ``application``, ``deployeds`` (whole CIs), ``deployables``, ``containers``, ``type``."""


class Deployments:
    """Deployment service of one server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def exists(self, application: str, environment: str) -> bool:
        """Tell whether an application (id without version) is deployed to an environment."""
        query = {"application": application, "environment": environment}
        return boolean(self._transport.get("/deployment/exists", query))

    def prepare_initial(self, version: str, environment: str) -> Deployment:
        """Return a Deployment of a package version to an environment, without deployeds yet."""
        query = {"version": version, "environment": environment}
        return self._deployment("/deployment/prepare/initial", query)

    def prepare_update(self, version: str, deployed_application: str) -> Deployment:
        """Return a Deployment with the deployeds there are now, moved to `version`; new hosts get none."""
        query = {"version": version, "deployedApplication": deployed_application}
        return self._deployment("/deployment/prepare/update", query)

    def prepare_deployeds(self, deployment: Deployment) -> Deployment:
        """Return the Deployment with deployeds added for every container that type and tags allow."""
        answer = self._transport.post("/deployment/prepare/deployeds", deployment)
        return _checked("POST", "/deployment/prepare/deployeds", answer)

    def validate(self, deployment: Deployment) -> tuple[str, ...]:
        """Return the messages that forbid the Deployment, each with the deployed it belongs to."""
        answer = self._transport.post("/deployment/validate", deployment)
        if not isinstance(answer, dict):
            return ()
        wrong = list(messages(answer))
        for deployed in answer.get("deployeds") or ():
            wrong += [f"{deployed.get('id')}: {message}" for message in messages(deployed)]
        return tuple(map(self._transport.fit, wrong))

    def create(self, deployment: Deployment) -> str:
        """Make a task, not yet started, and return its id."""
        answer = self._transport.post("/deployment", deployment)
        task = answer.get("string") if isinstance(answer, dict) else answer
        if not task:
            raise Refused("POST", "/deployment", 200, "the answer holds no task id")
        return str(task).strip().strip('"')

    def _deployment(self, path: str, query: dict[str, str]) -> Deployment:
        return _checked("GET", path, self._transport.get(path, query))


def _checked(method: str, path: str, answer: object) -> Deployment:
    if not isinstance(answer, dict) or "application" not in answer:
        raise Refused(method, path, 200, "the answer is not a Deployment in JSON")
    return answer
