"""Digital.ai Deploy in memory: the part of its REST API that we use, with its rules, at the speed of a dict.

`Twin.transport` stands where `runtime.deploy.transport.Transport` stands, so the client's own code runs.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from runtime.deploy.errors import error_of
from tests.runtime.twins.deploy_repository import CI, Answer, Json
from tests.runtime.twins.deploy_tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(kw_only=True)
class Twin(Tasks):
    """One server.

    Attributes
    ----------
    invalid : set
        DeployedApplications whose Deployments do not validate.
    denied : set
        (permission, directory) pairs that the account is said to lack; no directory for a global one.
    faults : list of callable
        Each called with (method, path, phase "before" or "after"); may raise.
    """

    version: str = "24.3.0"
    invalid: set[str] = field(default_factory=set)
    denied: set[tuple[str, str]] = field(default_factory=set)
    faults: list[Callable[[str, str, str], None]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def transport(self, account: str = "reconciler") -> TwinTransport:
        return TwinTransport(self, account)

    def person_deploys(self, version_id: str, environment: str, owner: str = "amy") -> str:
        """Start what a person's release starts; it ends by itself."""
        application = f"{environment}/{version_id.split('/')[-2]}"
        call = self.transport(owner)
        if application in self.items:
            query = {"version": version_id, "deployedApplication": application}
            prepared = call.get("/deployment/prepare/update", query)
        else:
            query = {"version": version_id, "environment": environment}
            prepared = call.get("/deployment/prepare/initial", query)
        task = str(call.post("/deployment", call.post("/deployment/prepare/deployeds", prepared))["string"])
        call.post(f"/tasks/v2/{task}/start")
        return task

    def person_undeploys(self, deployed_application: str, owner: str = "amy") -> str:
        item = self.items[deployed_application]
        deployment = {
            "type": "UNDEPLOYMENT",
            "application": {k: item[k] for k in ("id", "type", "version", "environment")},
            "deployeds": [],
        }
        call = self.transport(owner)
        task = str(call.post("/deployment", deployment)["string"])
        call.post(f"/tasks/v2/{task}/start")
        return task

    def call(self, account: str, method: str, path: str, params: Mapping[str, Any], body: Json) -> Json:
        self.calls.append(f"{method} {path}")
        for fault in list(self.faults):
            fault(method, path, "before")
        self.settle_tasks()
        try:
            answer = self._route(account, method, unquote(path), params, copy.deepcopy(body))
        except Answer as refusal:
            raise error_of(method, path, refusal.status, refusal.text) from None
        for fault in list(self.faults):
            fault(method, path, "after")
        return copy.deepcopy(answer)

    def _route(self, account: str, method: str, path: str, params: Mapping[str, Any], body: Json) -> Json:
        match (method, path.split("/")[1:]):
            case "GET", ["server", "info"]:
                return f"<server-info><version>{self.version}</version></server-info>"
            case "GET", ["repository", "query"]:
                return self._query(params)
            case "GET", ["repository", "exists", *parts]:
                return {"boolean": "/".join(parts) in self.items}
            case "POST", ["repository", "cis", "read"]:
                return [self._shown(self.items[i]) for i in body if i in self.items]
            case "POST", ["repository", "cis", "delete"]:
                for ci_id in body:
                    self._delete(ci_id)
                return None
            case "POST", ["repository", "cis"]:
                for item in body:
                    if item["id"] in self.items:
                        raise Answer(400, f"Configuration Item {item['id']} already exists")
                return [self._created(item) for item in body]
            case _, ["repository", "ci", *parts]:
                return self._ci(method, "/".join(parts), body)
            case "GET", ["security", "check", permission, *parts]:
                return {"boolean": (permission, "/".join(parts)) not in self.denied}
            case "GET", ["metadata", "type", name]:
                return self._type(name)
            case _, ["deployment", *rest]:
                return self._deployment(account, rest, params, body)
            case _, ["tasks", "v2", *rest]:
                return self._tasks(account, method, rest, body)
        raise Answer(404, f"no route {method} {path}")

    def _deployment(self, account: str, rest: list[str], params: Mapping[str, Any], body: Json) -> Json:
        match rest:
            case ["prepare", "initial"]:
                name = params["version"].split("/")[-2]
                application = f"{params['environment']}/{name}"
                if params["version"] not in self.items or params["environment"] not in self.items:
                    raise Answer(404, "Repository entity [...] not found")
                return self._prepared("INITIAL", application, params["version"], params["environment"], [])
            case ["prepare", "update"]:
                item = self.items.get(params["deployedApplication"])
                if item is None:
                    raise Answer(404, f"Repository entity [{params['deployedApplication']}] not found")
                version = params["version"]
                mapped = [
                    {**self.items[i], "deployable": f"{version}/{i.rpartition('/')[2]}"}
                    for i in item["deployeds"]
                ]
                return self._prepared("UPDATE", item["id"], version, item["environment"], mapped)
            case ["prepare", "deployeds"]:
                there = {deployed["id"] for deployed in body["deployeds"]}
                for host in sorted(self.items[body["application"]["environment"]].get("members") or ()):
                    for deployable in self._deployables(body["application"]["version"]):
                        deployed = f"{host}/{deployable}"
                        if deployed not in there:
                            body["deployeds"].append(self._deployed(body["application"]["version"], deployed))
                return body
            case ["validate"]:
                if body["application"]["id"] in self.invalid and body["deployeds"]:
                    body["deployeds"][0]["validation-messages"] = [{"level": "ERROR", "message": "no value"}]
                return body
            case []:
                return {"string": self._make_task(account, body)}
        raise Answer(404, "no such deployment call")

    def _prepared(self, kind: str, application: str, version: str, environment: str, mapped: list[CI]) -> CI:
        return {
            "id": f"deployment-{next(self._numbers)}",
            "type": kind,
            "application": {
                "id": application,
                "type": "udm.DeployedApplication",
                "version": version,
                "environment": environment,
            },
            "deployeds": mapped,
            "deployables": [],
            "containers": [],
            "resolvedPlaceholders": {"kept": "whole"},
        }

    def _deployables(self, version: str) -> list[str]:
        return [i.rpartition("/")[2] for i in self.items if i.rpartition("/")[0] == version]

    def _deployed(self, version: str, deployed: str) -> CI:
        host, _, name = deployed.rpartition("/")
        return {
            "id": deployed,
            "type": "file.DeployedFile",
            "deployable": f"{version}/{name}",
            "container": host,
        }


class TwinTransport:
    """`Transport` over a `Twin`."""

    def __init__(self, twin: Twin, account: str) -> None:
        self._twin = twin
        self.username = account
        self.protected: list[str] = []

    def protect(self, secret: str) -> None:
        self.protected.append(secret)

    def blotted(self, text: str) -> str:
        return text

    def fit(self, text: str) -> str:
        return text

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Json:
        return self._twin.call(self.username, "GET", path, params or {}, None)

    def get_xml(self, path: str) -> str:
        return str(self._twin.call(self.username, "GET", path, {}, None))

    def post(self, path: str, body: Json = None, params: Json = None) -> Json:
        return self._twin.call(self.username, "POST", path, dict(params or {}), body)

    def post_xml(self, path: str, body: str) -> Json:
        paths: Sequence[str] = re.findall(r"<string>([^<]*)</string>", body)
        return self._twin.call(self.username, "POST", path, {}, paths)

    def put(self, path: str, body: Json) -> Json:
        return self._twin.call(self.username, "PUT", path, {}, body)

    def delete(self, path: str) -> None:
        self._twin.call(self.username, "DELETE", path, {}, None)
