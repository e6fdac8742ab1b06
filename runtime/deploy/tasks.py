"""Deploy's tasks: look, start, skip steps, archive, cancel.

Statuses of refused transitions are not documented, so after a refusal the task's state decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from runtime.deploy.errors import Forbidden, Missing, Refused, Unavailable, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runtime.deploy.transport import Transport

SUCCEEDED = frozenset({"EXECUTED", "DONE"})
HALTED = frozenset({"FAILED", "STOPPED", "ABORTED"})
"""Waits for somebody: may be started again, or cancelled."""
GONE = frozenset({"CANCELLED", "FORCE_CANCELLED"})
IDLE = frozenset({"PENDING", "SCHEDULED"})
"""Never started. Every other state counts as running, also those that we do not know."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task as its JSON tells.

    Attributes
    ----------
    kind : str
        ``INITIAL``, ``UPGRADE`` (some servers ``UPDATE``), ``UNDEPLOY``, ``ROLLBACK``, ``CONTROL``, …
    application, version, environment : str
        Application and version by name, environment by id where given, else by name; empty if none.
    """

    id: str
    state: str
    owner: str = ""
    kind: str = ""
    application: str = ""
    version: str = ""
    environment: str = ""

    @property
    def running(self) -> bool:
        """Whether steps run, are about to, or are being stopped."""
        return self.state not in SUCCEEDED | HALTED | GONE | IDLE


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a task: its path, state, words, and the ids of the deployeds that it works for."""

    path: str
    state: str
    description: str
    deployeds: tuple[str, ...]
    log: str = ""


class Tasks:
    """Task service of one server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, task_id: str) -> Task | None:
        """Return a task, archived ones too where the server shows them; None when it is gone."""
        try:
            return task_of(self._transport.get(f"/tasks/v2/{task_id}"))
        except Missing:
            return None

    def open(self) -> list[Task]:
        """Return every task that is neither archived nor cancelled, as far as the account may see."""
        return [task_of(item) for item in self._transport.get("/tasks/v2/current/all") or ()]

    def own(self) -> list[Task]:
        """Return the account's own open tasks."""
        return [task_of(item) for item in self._transport.get("/tasks/v2/current") or ()]

    def start(self, task_id: str) -> None:
        """Start a task, or go on with a halted one."""
        try:
            self._transport.post(f"/tasks/v2/{task_id}/start")
        except (Refused, Unreachable):
            task = self.get(task_id)
            if task is None or task.state in IDLE | HALTED:
                raise

    def stop(self, task_id: str) -> None:
        """Let a running task end after its present steps; one that has ended meanwhile is as good."""
        try:
            self._transport.post(f"/tasks/v2/{task_id}/stop")
        except (Missing, Refused, Unreachable):
            task = self.get(task_id)
            if task is not None and task.running and task.state != "STOPPING":
                raise

    def archive(self, task_id: str) -> None:
        """File an executed task; filed already is as good."""
        try:
            self._transport.post(f"/tasks/v2/{task_id}/archive")
        except (Missing, Refused, Unreachable):
            task = self.get(task_id)
            if task is not None and task.state != "DONE":
                raise

    def cancel(self, task_id: str) -> None:
        """Give up a task that is not running; gone already is as good."""
        try:
            self._transport.delete(f"/tasks/v2/{task_id}")
        except (Missing, Refused, Unreachable):
            task = self.get(task_id)
            if task is not None and task.state not in GONE:
                raise

    def steps(self, task_id: str) -> list[Step]:
        """Return the steps of all blocks of a task, in order.

        The deployeds of a step are in its metadata, which is attested in XML, and in JSON not for every
        version (vendor's classes ``AbstractStepConverter`` and ``StepStateJsonConverter``, 4.5.1).
        """
        answer = self._transport.get(f"/tasks/v2/{task_id}")
        found: list[Step] = []
        for block in _leaves(answer.get("block") or {}):
            path = str(block["id"])
            steps = self._transport.get(f"/tasks/v2/{task_id}/block/{path}/step")
            items = steps.get("steps") or steps.get("step") or () if isinstance(steps, dict) else steps
            if items and not any("metadata" in item for item in items):
                items = self._with_metadata(items, f"/tasks/v2/{task_id}/block/{path}/step")
            found += [
                self._step(f"{path}_{number}", item) for number, item in enumerate(items or (), start=1)
            ]
        return found

    def _with_metadata(self, items: Sequence[dict[str, Any]], path: str) -> Sequence[dict[str, Any]]:
        """Return the steps as XML shows them, or as they are if that does not fit."""
        try:
            in_xml = _steps_in_xml(self._transport.get_xml(path))
        except (Missing, Refused, Forbidden, Unavailable):
            return items
        return in_xml if len(in_xml) == len(items) else items

    def skip(self, task_id: str, paths: Sequence[str]) -> bool:
        """Mark steps to be skipped; tell whether all of them are marked now.

        The vendor's class ``TaskBlockService`` takes a list and answers the task; what newer servers take is
        not documented: a JSON list first, then XML, then look.
        """
        path = f"/tasks/v2/{task_id}/skip"
        try:
            self._transport.post(path, list(paths))
        except Refused:
            items = "".join(f"<string>{escape(step)}</string>" for step in paths)
            try:
                self._transport.post_xml(path, f"<list>{items}</list>")
            except Refused:
                return False
        except (Forbidden, Missing):
            return False
        marked = {step.path for step in self.steps(task_id) if step.state.startswith("SKIP")}
        return marked.issuperset(paths)

    def log(self, task_id: str, step_path: str) -> str:
        """Return what a step wrote, empty if the server does not tell."""
        try:
            answer = self._transport.get(f"/tasks/v2/{task_id}/step-log/{step_path}")
        except (Missing, Refused, Forbidden, Unavailable):
            return ""
        if isinstance(answer, dict):
            answer = answer.get("log") or answer.get("string") or answer.get("entity")
        return self._transport.blotted(str(answer or ""))

    def _step(self, path: str, item: dict[str, Any]) -> Step:
        """Return a step in a JSON answer; what it tells ends in our log."""
        metadata = item.get("metadata") or {}
        numbered = sorted(key for key in metadata if key.startswith("deployed_"))
        return Step(
            path=str(item.get("path") or item.get("id") or path),
            state=str(item.get("state") or "").upper(),
            description=self._transport.blotted(str(item.get("description") or "")),
            deployeds=tuple(str(metadata[key]) for key in numbered),
            log=self._transport.blotted(str(item.get("log") or "")),
        )


def task_of(item: dict[str, Any]) -> Task:
    """Return the task in a JSON answer; unknown keys are ignored."""
    metadata = item.get("metadata") or {}
    return Task(
        id=str(item["id"]),
        state=str(item.get("state2") or item.get("state") or "").upper(),
        owner=str(item.get("owner") or ""),
        kind=str(metadata.get("taskType") or "").upper(),
        application=str(metadata.get("application") or ""),
        version=str(metadata.get("version") or ""),
        environment=str(metadata.get("environment_id") or metadata.get("environment") or ""),
    )


def _leaves(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the blocks without blocks inside; a phase wraps its block as ``{"phase": …, "block": {…}}``."""
    inner = block.get("block")
    if isinstance(inner, dict):
        yield from _leaves(inner)
        return
    children = block.get("blocks") or ()
    for child in children:
        yield from _leaves(child)
    if not children and "id" in block:
        yield block


def _steps_in_xml(text: str) -> list[dict[str, Any]]:
    """Return the steps of a block in XML as they are in JSON; none if it is something else."""
    try:
        block = ElementTree.fromstring(text)  # noqa: S314 - the server that we trust with deployments
    except ElementTree.ParseError:
        return []
    return [
        {
            "state": step.get("state"),
            "description": step.findtext("description") or step.get("description"),
            "log": step.findtext("log"),
            "metadata": {entry.tag: entry.text or "" for entry in step.iterfind("metadata/*")},
        }
        for step in block.iterfind("step")
    ]
