"""The tasks of the Deploy twin: how they are made, run by the clock, fail, and are cancelled."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.runtime.twins.deploy_repository import CI, Answer, Json, Repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runtime.twins.clock import TwinClock


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


@dataclass(kw_only=True)
class Tasks(Repository):
    """The tasks of one server, and what they have done to the machines.

    Attributes
    ----------
    reachable : callable
        Tells whether SSH to a host (by CI id) works.
    installed : dict
        Host id to deployable name to version: what is really on the machines.
    broken, sick, deaf : set
        Versions whose installation fails, hosts on which every installation fails, and hosts whose SSH server
        does not answer yet.
    backwards : bool
        Whether steps run in the opposite order of their deployeds' ids.
    skippable : bool
        Whether the account may skip steps.
    lock_kept : bool
        Whether a failed task keeps the lock of an environment that has ``allowConcurrentDeployments=false``;
        the vendor's pages differ.
    locked_until : float
        Until when somebody holds Deploy's lock on the environment.
    """

    clock: TwinClock
    reachable: Callable[[str], bool] = lambda _host: True
    task_seconds: float = 1.0
    zero: str = "keep"
    tasks: dict[str, TwinTask] = field(default_factory=dict)
    installed: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    sick: set[str] = field(default_factory=set)
    deaf: set[str] = field(default_factory=set)
    backwards: bool = False
    skippable: bool = True
    lock_kept: bool = True
    locked_until: float = 0.0
    beside: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def settle_tasks(self) -> None:
        """Bring every running task up to the clock."""
        for task in self.tasks.values():
            if task.state == "EXECUTING" and self.clock.now() >= task.done_at:
                self._finish(task)

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
