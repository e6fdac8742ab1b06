"""Digital.ai Deploy in memory: the part of its REST API that we use, with its rules, at the speed of a dict.

`Twin.transport` stands where `runtime.deploy.transport.Transport` stands, so the client's own code runs.
"""

from __future__ import annotations

import copy
import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from runtime.deploy.errors import error_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.runtime.twins.clock import TwinClock

Json = Any
CI = dict[str, Json]

HOST_PROPERTIES = {
    "os": "STRING",
    "connectionType": "STRING",
    "address": "STRING",
    "port": "INTEGER",
    "username": "STRING",
    "password": "STRING",
    "privateKey": "STRING",
    "jumpstation": "CI",
    "tags": "SET_OF_STRING",
}
SECRETS = frozenset({"password", "privateKey", "token"})
TYPES = {
    "core.Directory": {},
    "overthere.SshHost": HOST_PROPERTIES,
    "overthere.SmbHost": {
        **{name: kind for name, kind in HOST_PROPERTIES.items() if name != "privateKey"},
        "winrmEnableHttps": "BOOLEAN",
        "smbPort": "INTEGER",
    },
    "overthere.SshJumpstation": HOST_PROPERTIES,
    "udm.Environment": {"members": "SET_OF_CI", "tags": "SET_OF_STRING"},
    "udm.DeployedApplication": {"version": "CI", "environment": "CI", "deployeds": "SET_OF_CI"},
}
PLUGIN_TYPES = {
    "aws.asg.ec2SshHostTemplate": HOST_PROPERTIES,
    "deploy.server": {"url": "STRING", "username": "STRING", "password": "STRING", "token": "STRING"},
}


class Answer(Exception):  # noqa: N818 - the way in which a handler refuses
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass
class TwinStep:
    path: str
    kind: str
    deployed: str
    state: str = "PENDING"
    log: str = ""


@dataclass
class TwinTask:
    id: str
    owner: str
    kind: str
    environment: str
    application: str
    version: str
    wanted: dict[str, CI]
    before: dict[str, CI]
    steps: list[TwinStep]
    state: str = "PENDING"
    done_at: float = 0.0
    undeploy: bool = False
    holds: bool = False


@dataclass
class Twin:
    """One server.

    Attributes
    ----------
    reachable : callable
        Tells whether SSH to a host (by CI id) works.
    installed : dict
        Host id to deployable name to version: what is really on the machines.
    broken, sick, deaf : set
        Versions whose installation fails, hosts on which every installation fails, and hosts whose SSH server
        does not answer yet.
    invalid : set
        DeployedApplications whose Deployments do not validate.
    unacceptable : set
        CIs that validation refuses to create.
    backwards : bool
        Whether steps run in the opposite order of their deployeds' ids.
    skippable : bool
        Whether the account may skip steps.
    denied : set
        (permission, directory) pairs that the account is said to lack; no directory for a global one.
    hidden : set
        Names of properties that no CI can give a value.
    knows_masks : bool
        Whether a mask that is written back leaves the secret as it is, or replaces it.
    lock_kept : bool
        Whether a failed task keeps the lock of an environment that has ``allowConcurrentDeployments=false``;
        the vendor's pages differ.
    locked_until : float
        Until when somebody holds Deploy's lock on the environment.
    faults : list of callable
        Each called with (method, path, phase "before" or "after"); may raise.
    """

    clock: TwinClock
    reachable: Callable[[str], bool] = lambda _host: True
    task_seconds: float = 1.0
    plugin: bool = True
    zero: str = "keep"
    version: str = "24.3.0"
    knows_masks: bool = True
    items: dict[str, CI] = field(default_factory=dict)
    tasks: dict[str, TwinTask] = field(default_factory=dict)
    installed: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    sick: set[str] = field(default_factory=set)
    deaf: set[str] = field(default_factory=set)
    invalid: set[str] = field(default_factory=set)
    unacceptable: set[str] = field(default_factory=set)
    backwards: bool = False
    skippable: bool = True
    denied: set[tuple[str, str]] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    lock_kept: bool = True
    locked_until: float = 0.0
    faults: list[Callable[[str, str, str], None]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    _tokens: Any = field(default_factory=itertools.count)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def transport(self, account: str = "reconciler") -> TwinTransport:
        return TwinTransport(self, account)

    # --- what people do, and what tests look at ---

    def put(self, ci_id: str, ci_type: str, **properties: object) -> None:
        for length in range(2, ci_id.count("/") + 1):
            parent = "/".join(ci_id.split("/")[:length])
            self.items.setdefault(parent, self._stored({"id": parent, "type": "core.Directory"}))
        self.items[ci_id] = self._stored({"id": ci_id, "type": ci_type, **properties})

    def package(self, application: str, version: str, *deployables: str) -> str:
        version_id = f"Applications/{application}/{version}"
        self.put(version_id, "udm.DeploymentPackage")
        for name in deployables or (f"{application}-file",):
            self.put(f"{version_id}/{name}", "file.File")
        return version_id

    def members(self, environment: str) -> set[str]:
        return set(self.items[environment].get("members") or ())

    def deployeds(self, deployed_application: str) -> set[str]:
        return set(self.items[deployed_application]["deployeds"])

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

    def settle_tasks(self) -> None:
        """Bring every running task up to the clock."""
        for task in self.tasks.values():
            if task.state == "EXECUTING" and self.clock.now() >= task.done_at:
                self._finish(task)

    # --- the wire ---

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

    def _query(self, params: Mapping[str, Any]) -> list[CI]:
        parent, kind = params.get("parent"), params.get("type")
        return [
            {"ref": ci_id, "type": item["type"]}
            for ci_id, item in self.items.items()
            if (parent is None or ci_id.rpartition("/")[0] == parent) and kind in {None, item["type"]}
        ]

    def _ci(self, method: str, ci_id: str, body: Json) -> Json:
        if method == "POST":
            if ci_id in self.items:
                raise Answer(400, f"Configuration Item {ci_id} already exists")
            return self._created(body)
        if ci_id not in self.items:
            raise Answer(404, f"Repository entity [{ci_id}] not found")
        if method == "PUT":
            if body.get("$token") != self.items[ci_id]["$token"]:
                raise Answer(409, f"{ci_id} was changed by somebody else")
            for member in body.get("members") or ():
                if member not in self.items:
                    raise Answer(400, f"Repository entity [{member}] not found")
            kept = {k: v for k, v in self.items[ci_id].items() if k in SECRETS and body.get(k) == "********"}
            if not self.knows_masks:
                kept = {}
            self.items[ci_id] = self._stored(body | kept)
        elif method == "DELETE":
            self._delete(ci_id)
            return None
        return self._shown(self.items[ci_id])

    def _created(self, item: CI) -> CI:
        """Create an item, or answer with what validation has against it, which looks like a success."""
        if item["id"] in self.unacceptable:
            return {**item, "validation-messages": [{"level": "ERROR", "message": "not as we like it"}]}
        self._create(item)
        return self._shown(self.items[item["id"]])

    def _create(self, item: CI) -> None:
        parent = item["id"].rpartition("/")[0]
        if parent.count("/") and parent not in self.items:
            raise Answer(400, f"parent {parent} does not exist")
        if item["type"] not in TYPES | (PLUGIN_TYPES if self.plugin else {}):
            raise Answer(400, f"unknown type {item['type']}")
        self.items[item["id"]] = self._stored(item)

    def _delete(self, ci_id: str) -> None:
        inside = {other for other in self.items if other == ci_id or other.startswith(f"{ci_id}/")}
        for other, item in self.items.items():
            if other not in inside:
                for key in ("members", "deployeds"):
                    for ref in item.get(key) or ():
                        if ref in inside:
                            raise Answer(400, f"Repository entity {ref} is still referenced by {other}")
                for key in ("jumpstation", "version"):
                    if item.get(key) in inside:
                        raise Answer(400, f"Repository entity {ci_id} is still referenced by {other}")
        for other in inside:
            del self.items[other]

    def _stored(self, item: CI) -> CI:
        return {**copy.deepcopy(item), "$token": f"t{next(self._tokens)}"}

    def _shown(self, item: CI) -> CI:
        return {key: "********" if key in SECRETS and value else value for key, value in item.items()}

    def _type(self, name: str) -> CI:
        types = TYPES | (PLUGIN_TYPES if self.plugin else {})
        if name not in types:
            raise Answer(404, f"no type {name}")
        shown = {k: v for k, v in types[name].items() if self.plugin or k != "privateKey"}
        return {
            "type": name,
            "properties": [
                {"name": k, "kind": v, "password": k in SECRETS, "hidden": k in self.hidden}
                for k, v in shown.items()
            ],
        }

    # --- deployment service ---

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

    def _make_task(self, account: str, body: CI) -> str:
        application = body["application"]
        if body["type"] != "UNDEPLOYMENT" and body.get("resolvedPlaceholders") != {"kept": "whole"}:
            raise Answer(500, "the Deployment was not kept whole")
        before_ids = self.items.get(application["id"], {}).get("deployeds", [])
        before = {i: self.items[i] for i in before_ids if i in self.items}
        wanted = {deployed["id"]: deployed for deployed in body["deployeds"]}
        if len(wanted) < len(body["deployeds"]):
            raise Answer(400, "two deployeds with one id")
        changes = [("undo", i) for i in before if i not in wanted]
        changes += [
            ("install", i)
            for i, deployed in wanted.items()
            if i not in before or before[i]["deployable"] != deployed["deployable"]
        ]
        task_id = f"task-{next(self._numbers)}"
        changes = changes[::-1] if self.backwards else changes
        if self.items[application["environment"]].get("allowConcurrentDeployments") is False:
            changes = [("lock", ""), *changes]
        steps = [TwinStep(f"0_1_1_{n}", kind, i) for n, (kind, i) in enumerate(changes, start=1)]
        kind = {"INITIAL": "INITIAL", "UPDATE": "UPGRADE", "UNDEPLOYMENT": "UNDEPLOY"}[body["type"]]
        self.tasks[task_id] = TwinTask(
            task_id,
            account,
            kind,
            application["environment"],
            application["id"],
            application["version"],
            wanted,
            before,
            steps,
            undeploy=body["type"] == "UNDEPLOYMENT",
        )
        return task_id

    # --- task service ---

    def _tasks(self, account: str, method: str, rest: list[str], body: Json) -> Json:
        if rest[0] == "current":
            live = [t for t in self.tasks.values() if t.state not in {"DONE", "CANCELLED"}]
            mine = rest[1:] != ["all"]
            return [self._task_json(t) for t in live if not mine or t.owner == account]
        task = self.tasks.get(rest[0])
        if task is None:
            raise Answer(404, f"task {rest[0]} not found")
        match (method, rest[1:]):
            case "GET", []:
                return self._task_json(task)
            case "DELETE", []:
                return self._cancel(task)
            case "POST", ["start"]:
                return self._start(task)
            case "POST", ["stop"]:
                if task.state == "EXECUTING":
                    task.state = "STOPPED"
                return None
            case "POST", ["archive"]:
                if task.state != "EXECUTED":
                    raise Answer(400, f"task is {task.state}")
                task.state = "DONE"
                return None
            case "POST", ["skip"]:
                if not self.skippable:
                    raise Answer(403, "You do not have task#skip_step permission")
                for step in task.steps:
                    if step.path in body:
                        step.state = "SKIP"
                return None
            case "GET", ["block", "0_1_1", "step"]:
                return {"description": "Deploy", "steps": [self._step_json(step) for step in task.steps]}
            case "GET", ["step-log", path]:
                return {"string": next(step.log for step in task.steps if step.path == path)}
        raise Answer(404, "no such task call")

    def _task_json(self, task: TwinTask) -> CI:
        block = {
            "id": "0",
            "blocks": [{"phase": "true", "block": {"id": "0_1", "blocks": [{"id": "0_1_1"}]}}],
        }
        return {
            "id": task.id,
            "state": task.state,
            "owner": task.owner,
            "metadata": {
                "taskType": task.kind,
                "application": task.application.rpartition("/")[2],
                "version": task.version.rpartition("/")[2],
                "environment": task.environment.rpartition("/")[2],
                "environment_id": task.environment,
            },
            "block": block,
        }

    def _step_json(self, step: TwinStep) -> CI:
        return {
            "path": step.path,
            "state": step.state,
            "description": f"{step.kind} {step.deployed}",
            "metadata": {"deployed_0": step.deployed} if step.deployed else {},
        }

    def _start(self, task: TwinTask) -> None:
        if task.state not in {"PENDING", "FAILED", "STOPPED", "ABORTED"}:
            raise Answer(400, f"task is {task.state}")
        if self.clock.now() < self.locked_until or self._locked(task):
            task.state = "STOPPED"
            task.steps[0].log = "could not get the lock"
            return
        for other in self.tasks.values():
            busy = other.state in {"EXECUTING", "FAILED", "STOPPED"} and other.environment == task.environment
            if busy and other.owner != task.owner and task.owner == "reconciler":
                self.beside.append(f"{task.id} was started beside {other.id} of {other.owner}")
        task.state, task.done_at, task.holds = "EXECUTING", self.clock.now() + self.task_seconds, True

    def _locked(self, task: TwinTask) -> bool:
        exclusive = self.items[task.environment].get("allowConcurrentDeployments") is False
        others = (t for t in self.tasks.values() if t.environment == task.environment and t.id != task.id)
        return exclusive and any(other.holds for other in others)

    def _finish(self, task: TwinTask) -> None:
        for step in task.steps:
            if step.state in {"DONE", "SKIP"}:
                continue
            if step.kind == "lock":
                step.state = "DONE"
                continue
            host, _, name = step.deployed.rpartition("/")
            if not self.reachable(host) or host in self.deaf:
                step.state, step.log = "FAILED", "connection timed out"
            elif step.kind == "install" and (task.version in self.broken or host in self.sick):
                step.state, step.log = "FAILED", "exit code 1"
            if step.state == "FAILED":
                task.state, task.holds = "FAILED", self.lock_kept
                return
            step.state = "DONE"
            if step.kind == "install":
                self.installed.setdefault(host, {})[name] = task.version
            else:
                self.installed.get(host, {}).pop(name, None)
        task.state, task.holds = "EXECUTED", False
        if task.undeploy or (self.zero == "drop" and not task.wanted):
            self.items.pop(task.application, None)
            task.wanted = {}
        else:
            self._register(task, task.wanted)
        for gone in task.before.keys() - task.wanted.keys():
            self.items.pop(gone, None)

    def _register(self, task: TwinTask, deployeds: dict[str, CI], version: str | None = None) -> None:
        there = {i: d for i, d in deployeds.items() if d["container"] in self.items}
        for ci_id, deployed in there.items():
            self.items[ci_id] = self._stored(deployed)
        self.items[task.application] = self._stored(
            {
                "id": task.application,
                "type": "udm.DeployedApplication",
                "version": version or task.version,
                "environment": task.environment,
                "deployeds": sorted(there),
            }
        )

    def _cancel(self, task: TwinTask) -> None:
        if task.state not in {"PENDING", "FAILED", "STOPPED", "ABORTED"}:
            raise Answer(400, f"task is {task.state}")
        if task.state == "PENDING":
            del self.tasks[task.id]
            return
        task.state, task.holds = "CANCELLED", False
        current = self.items.get(task.application)
        partial = {i: self.items[i] for i in (current or {}).get("deployeds", []) if i in self.items}
        for step in task.steps:
            if step.state in {"DONE", "SKIP"}:
                if step.kind == "install":
                    partial[step.deployed] = task.wanted[step.deployed]
                elif partial.pop(step.deployed, None):
                    self.items.pop(step.deployed, None)
        if current is not None or partial:
            self._register(task, partial, current["version"] if current else None)


class TwinTransport:
    """`Transport` over a `Twin`."""

    def __init__(self, twin: Twin, account: str) -> None:
        self._twin = twin
        self.username = account
        self.protected: list[str] = []

    def protect(self, secret: str) -> None:
        self.protected.append(secret)

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
