"""An Auto Scaling group in memory, with its hooks, and the machines behind it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from runtime.reconciliation.memory import Memory
from runtime.reconciliation.model import Group, Instance, Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from runtime.reconciliation.actions import Heartbeat, Release
    from runtime.reconciliation.config import SecretSource
    from tests.runtime.twins.clock import TwinClock

_T = TypeVar("_T")


@dataclass
class TwinInstance:
    id: str
    lifecycle: str
    state: str = "running"
    deadline: float = 0.0
    limit: float = 0.0
    launched: float = 0.0
    interruption: float | None = None


@dataclass
class TwinGroup:
    """One group.

    Attributes
    ----------
    launch_hook, terminate_hook : str or None
        Hooks, with `hook_seconds` of patience; `default_result` is what a launch comes to after that.
    spot : bool
        Whether its instances are Spot Instances.
    completions : list
        Every completion that AWS accepted: (instance, hook, result).
    refused : list
        Completions and heartbeats that AWS refused.
    faults : list of callable
        Each called with the name of the call; may raise.
    """

    clock: TwinClock
    name: str = "web"
    desired: int = 0
    launch_hook: str | None = "deploy"
    terminate_hook: str | None = "undeploy"
    hook_seconds: float = 3600.0
    default_result: str = "ABANDON"
    exists: bool = True
    spot: bool = False
    instances: dict[str, TwinInstance] = field(default_factory=dict)
    terminated: dict[str, TwinInstance] = field(default_factory=dict)
    completions: list[tuple[str, str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    beats: list[str] = field(default_factory=list)
    faults: list[Callable[[str], None]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    entered: Callable[[str], None] = lambda _instance: None
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    # --- what AWS does ---

    def launch(self) -> str:
        instance_id = f"i-{next(self._ids):017x}"
        waiting = self.launch_hook is not None
        instance = TwinInstance(
            instance_id,
            "Pending:Wait" if waiting else "InService",
            launched=self.clock.now() - 3600,
        )
        self._hold(instance)
        self.instances[instance_id] = instance
        if not waiting:
            self.entered(instance_id)
        return instance_id

    def terminate(self, instance_id: str) -> None:
        instance = self.instances[instance_id]
        if self.terminate_hook is not None and not instance.lifecycle.startswith("Pending"):
            instance.lifecycle = "Terminating:Wait"
            self._hold(instance)
        else:
            self._end(instance)

    def _hold(self, instance: TwinInstance) -> None:
        """Begin a wait; no heartbeat prolongs it beyond 48 hours or a hundred timeouts."""
        now = self.clock.now()
        instance.deadline = now + self.hook_seconds
        instance.limit = now + min(48 * 3600.0, 100 * self.hook_seconds)

    def die(self, instance_id: str) -> None:
        """Lose a machine without a word; the group notices at once and forgets the instance."""
        self._end(self.instances[instance_id])

    def interrupt(self, instance_id: str, seconds: float = 120.0) -> None:
        """Announce that EC2 takes a machine back; the group goes on as if nothing were."""
        self.instances[instance_id].interruption = self.clock.now() + seconds

    def withdraw(self, instance_id: str) -> None:
        """Let a machine go on after all."""
        self.instances[instance_id].interruption = None

    def scale(self, desired: int) -> None:
        self.desired = desired
        self.converge()

    def converge(self) -> None:
        """Launch or terminate until as many as desired are there; hooks and interruptions run out."""
        for instance in list(self.instances.values()):
            expired = instance.lifecycle.endswith(":Wait") and self.clock.now() >= instance.deadline
            if instance.interruption is not None and self.clock.now() >= instance.interruption:
                self._end(instance)
            elif expired and instance.lifecycle == "Pending:Wait" and self.default_result == "CONTINUE":
                instance.lifecycle = "InService"
            elif expired:
                self._end(instance)
        present = [i for i in self.instances.values() if not i.lifecycle.startswith("Terminating")]
        for _ in range(self.desired - len(present)):
            self.launch()
        for instance in present[: max(0, len(present) - self.desired)]:
            self.terminate(instance.id)

    def _end(self, instance: TwinInstance) -> None:
        instance.state = "terminated"
        self.terminated[instance.id] = self.instances.pop(instance.id)

    def alive(self, instance_id: str) -> bool:
        return instance_id in self.instances and self.instances[instance_id].state == "running"

    # --- GroupsPort ---

    def describe(self, name: str) -> Group | None:
        self._fault("describe")
        if not self.exists or name != self.name:
            return None
        listed = tuple(Instance(i.id, i.lifecycle) for i in self.instances.values())
        return Group(self.name, self.desired, listed)

    def machines(self, instance_ids: Iterable[str]) -> dict[str, Machine]:
        self._fault("machines")
        known = self.instances | self.terminated
        return {
            i: Machine(
                f"10.0.0.{int(i[2:], 16)}",
                known[i].state,
                known[i].launched,
                spot=self.spot,
                interruption=known[i].interruption,
            )
            for i in instance_ids
            if i in known
        }

    def complete(self, group: str, releases: Sequence[Release]) -> dict[str, bool | Exception]:
        """Complete one after the other, in order, so that a history can be told again."""
        return {release.instance: _answer(self._complete, group, release) for release in releases}

    def prolong(self, group: str, waiting: Sequence[Heartbeat]) -> dict[str, bool | Exception]:
        return {heartbeat.instance: _answer(self._prolong, group, heartbeat) for heartbeat in waiting}

    def _complete(self, group: str, release: Release) -> bool:
        for hook in release.hooks:
            self._fault("complete")
            instance = self.instances.get(release.instance)
            if group == self.name and instance is not None and self._hook(instance) == hook:
                self._completed(instance, hook, release.result)
                return True
            self.refused.append((release.instance, hook))
        return False

    def _completed(self, instance: TwinInstance, hook: str, result: str) -> None:
        self.completions.append((instance.id, hook, result))
        if instance.lifecycle == "Pending:Wait" and result == "CONTINUE":
            instance.lifecycle = "InService"
            self.entered(instance.id)
        elif instance.lifecycle == "Warmed:Pending:Wait":
            instance.lifecycle, instance.state = "Warmed:Stopped", "stopped"
        else:
            self._end(instance)
            self.converge()

    def _prolong(self, group: str, heartbeat: Heartbeat) -> bool:
        for hook in heartbeat.hooks:
            self._fault("heartbeat")
            instance = self.instances.get(heartbeat.instance)
            if group == self.name and instance is not None and self._hook(instance) == hook:
                instance.deadline = min(self.clock.now() + self.hook_seconds, instance.limit)
                self.beats.append(instance.id)
                return True
            self.refused.append((heartbeat.instance, hook))
        return False

    def _hook(self, instance: TwinInstance) -> str | None:
        hooks = {
            "Pending:Wait": self.launch_hook,
            "Warmed:Pending:Wait": self.launch_hook,
            "Terminating:Wait": self.terminate_hook,
        }
        return hooks.get(instance.lifecycle)

    def _fault(self, name: str) -> None:
        self.calls.append(name)
        for fault in list(self.faults):
            fault(name)


def _answer(call: Callable[[str, _T], bool], group: str, item: _T) -> bool | Exception:
    try:
        return call(group, item)
    except Exception as error:
        return error


class TwinSecrets:
    """Every secret is its own source's name."""

    def value(self, source: SecretSource) -> str:
        name = source.parameter or source.secret
        return f"value of {name}" if name else ""


class TwinQueue:
    """Hints, as (group key, reason), and the instances that each of them names."""

    def __init__(self) -> None:
        self.hints: list[tuple[str, str]] = []
        self.instances: list[frozenset[str]] = []

    def hint(self, key: str, reason: str, *, instances: Iterable[str] = ()) -> None:
        self.hints.append((key, reason))
        self.instances.append(frozenset(instances))


class TwinLedger:
    """A ledger that can lose everything; what is saved goes through JSON, as in DynamoDB."""

    def __init__(self) -> None:
        self.memories: dict[str, object] = {}
        self.notes: list[tuple[str, str, str]] = []
        self.calls = self.saves = 0

    def load(self, key: str) -> Memory:
        self.calls += 1
        return Memory.from_json(self.memories.get(key, {}))  # type: ignore[arg-type] # JSON as saved

    def save(self, key: str, memory: Memory, events: Sequence[tuple[str, str, str]] = ()) -> None:
        self.calls += 1
        self.notes += events
        self.saves += 1
        self.memories[key] = memory.to_json()

    def lose(self) -> None:
        self.memories.clear()


class TwinReport:
    """Lines and metrics, kept."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []
        self.metrics: dict[str, float] = {}

    def line(self, message: str, **fields: object) -> None:
        self.lines.append((message, fields))

    def warn(self, message: str, **fields: object) -> None:
        self.lines.append((message, fields))

    def count(self, metric: str, value: float = 1) -> None:
        self.metrics[metric] = self.metrics.get(metric, 0) + value
