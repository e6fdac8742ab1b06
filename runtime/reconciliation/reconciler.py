"""One run for one group: look, plan, apply, and look again until nothing is left to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from runtime.deploy.errors import DeployError, Forbidden
from runtime.reconciliation.drift import report_drift
from runtime.reconciliation.errors import Fatal, Retry, ending_of
from runtime.reconciliation.membership import change_members
from runtime.reconciliation.model import Observed
from runtime.reconciliation.observe import observe
from runtime.reconciliation.others import Others
from runtime.reconciliation.ownership import own_instance
from runtime.reconciliation.plan import plan
from runtime.reconciliation.registration import register
from runtime.reconciliation.removal import remove_hosts
from runtime.reconciliation.rollouts import RESERVE_SECONDS, Rollouts, Unfinished
from runtime.reconciliation.settle import settle
from runtime.reconciliation.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.reconciliation.actions import Plan, Register, Remove
    from runtime.reconciliation.conclusion import Verdict
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.errors import ReconciliationError
    from runtime.reconciliation.hint import Hint
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.ports import (
        Clock,
        DeployPort,
        GroupsPort,
        LedgerPort,
        QueuePort,
        Reporter,
        SecretsPort,
    )

_ROUNDS = 8
_SHORT_WAIT_SECONDS = 15


class Outcome(Enum):
    """How a run ended that did not fail."""

    SUPERSEDED = "superseded"
    """A later look than the hint has been completed already."""
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    CONTINUED = "continued"
    """Something takes longer than the run; a fresh hint is in the queue."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Keeps Deploy in line with groups; what it needs of the world is in `runtime.reconciliation.ports`."""

    groups: GroupsPort
    deploy: DeployPort
    secrets: SecretsPort
    queue: QueuePort
    ledger: LedgerPort
    clock: Clock
    report: Reporter

    def reconcile(self, config: GroupConfig, hint: Hint) -> Outcome:
        """Bring one group's mirror in line.

        Raises
        ------
        Retry, Fatal
            See `runtime.reconciliation.errors`.
        """
        memory = self.ledger.load(config.key)
        if hint.superseded(memory.observed):
            self.report.count("HintsSuperseded")
            return Outcome.SUPERSEDED
        try:
            return _Run(self, config, memory, hint).to_the_end()
        except DeployError as error:
            raise ending_of(error) from None


class _Run:
    """One run: what `Reconciler.reconcile` shares between its rounds."""

    def __init__(self, world: Reconciler, config: GroupConfig, memory: Memory, hint: Hint) -> None:
        self._world, self._config, self._memory, self._hint = world, config, memory, hint
        self._clock, self._deploy, self._report = world.clock, world.deploy, world.report
        self._changed = self._unsaved = False
        self._stuck: set[str] = set()
        self._refused: dict[str, ReconciliationError] = {}
        self._notes: list[tuple[str, str, str]] = []
        shared = config, self._deploy, memory, self._clock, self._report
        self._waits = Waits(config, world.groups, memory, self._clock, self._report, self._tell, self._save)
        self._rollouts = Rollouts(*shared, save=self._save, beat=self._waits.beat)
        self._others = Others(*shared, beat=self._waits.beat, give_way=self._rollouts.give_way)

    def to_the_end(self) -> Outcome:
        """Run rounds until one finds nothing to do."""
        try:
            observed, left, troubles = self._rounds()
        except Unfinished:
            self._waits.beat()
            self._save()
            reason = "something takes longer than one run"
            self._world.queue.hint(self._config.key, reason, instances=self._hint.instances)
            return Outcome.CONTINUED
        except Exception:
            self._keep_waiting()
            raise
        return self._end(observed, left, troubles)

    def _rounds(self) -> tuple[Observed, Plan, Sequence[ReconciliationError]]:
        """Return the last look, what is left to do after it, and what has failed."""
        if "operator" in self._hint.sources:
            self._memory.reset()
            report_drift(self._config, self._deploy, self._report)
        verdicts: list[Verdict] = []
        waited = False
        for _ in range(_ROUNDS):
            if self._clock.remaining() < RESERVE_SECONDS:
                raise Unfinished
            observed = self._observe(verdicts)
            settled = settle(self._config, observed, self._memory, verdicts)
            troubles = settled.troubles
            for instance_id, version in settled.deployed:
                self._tell("deployed", instance_id, version)
            todo = self._narrowed(plan(self._config, observed, self._memory), troubles, observed)
            self._announce(observed, todo)
            if todo.idle and not self._memory.tasks:
                wait = todo.retry_after
                if wait is None or wait > _SHORT_WAIT_SECONDS or troubles:
                    return observed, todo, troubles
                verdicts, waited = [], True
                self._waits.beat()
                self._clock.sleep(wait)
                continue
            verdicts = self._apply(observed, todo)
            if troubles:
                return observed, todo, troubles
            if todo.only_admits and self._released(todo):
                # They serve before and after; whatever else is there to see came after this look.
                return observed, replace(todo, releases=()), troubles
            self._save()
        if waited:
            raise Unfinished
        raise Retry("still changing after several rounds", after=1)

    def _observe(self, verdicts: Sequence[Verdict]) -> Observed:
        suspects = frozenset(instance for verdict in verdicts for instance in verdict.failed)
        suspects |= self._hint.instances
        now = self._clock.now()
        seen = observe(self._config, self._world.groups, self._deploy, self._memory, now, suspects)
        return replace(seen, refused=frozenset(self._refused))

    def _keep_waiting(self) -> None:
        """Prolong the waits of all instances although the run has failed.

        An instance that waits for us is not to be given up because something is away, or has to be mended.
        """
        try:
            group = self._world.groups.describe(self._config.group)
            blind = Observed(at=self._clock.now(), group=group, members=None, hosts=frozenset())
            self._waits.expect(plan(self._config, blind, self._memory).heartbeats, group)
            self._waits.beat(last=True)
            self._save()
        except Exception as error:
            self._report.warn("waits could not be prolonged", reason=str(error))

    def _narrowed(self, todo: Plan, troubles: Sequence[ReconciliationError], observed: Observed) -> Plan:
        """Return the plan without what has failed in this run already."""
        waits = [wait for wait in (todo.retry_after, self._hint.unconfirmed(observed)) if wait is not None]
        return replace(
            todo,
            retry_after=min(waits, default=None),
            rollouts=() if troubles else todo.rollouts,
            removals=tuple(removal for removal in todo.removals if removal.instance not in self._stuck),
        )

    def _announce(self, observed: Observed, todo: Plan) -> None:
        self._unsaved = self._waits.expect(todo.heartbeats, observed.group) or self._unsaved
        for interruption in todo.interruptions:
            self._report.count("InstancesInterrupted")
            self._tell("interrupted", interruption.instance, interruption.reason)
        for hold in todo.holds:
            self._report.count(hold.metric)
            self._report.warn("held", subject=hold.subject, metric=hold.metric, reason=hold.reason)
        if observed.group is None:
            return
        lifecycles = {instance.id: instance.lifecycle for instance in observed.group.instances}
        self._memory.prune(lifecycles, {own_instance(self._config, host) for host in observed.hosts})

    def _end(self, observed: Observed, todo: Plan, troubles: Sequence[ReconciliationError]) -> Outcome:
        beaten = self._waits.beat(last=True)
        troubles = [*troubles, *self._refused.values()]
        wait = not todo.idle or todo.retry_after is not None or bool(troubles)
        if not wait:
            self._memory.observed = observed.at
        # The watermark alone is worth a write only if there are messages that it can supersede.
        if self._unsaved or beaten or self._hint.backlog:
            self._save()
        if self._changed and self._hint.sources == {"schedule"}:
            self._report.count("ScheduleRepairs")
        if troubles:
            kind = Fatal if any(isinstance(trouble, Fatal) for trouble in troubles) else Retry
            raise kind("; ".join(dict.fromkeys(map(str, troubles))))
        if wait:
            raise Retry("something is not ready yet", after=todo.retry_after)
        return Outcome.CHANGED if self._changed else Outcome.UNCHANGED

    def _apply(self, observed: Observed, todo: Plan) -> list[Verdict]:
        self._unsaved = True
        # A rollout may turn out to need nothing; everything else is a change.
        self._changed = self._changed or not replace(todo, rollouts=()).idle
        if todo.register:
            self._register(todo.register)
            if self._refused:
                return []  # the rest is planned without them
        if todo.membership is not None:
            seen = observed.environment
            change_members(self._config, self._deploy, self._report, todo.membership, seen)
        self._rollouts.give_way(observed.applications)
        self._release(todo, admitting=False)
        if todo.disturbs and not self._others.absent(observed):
            return []
        self._release(todo, admitting=True)
        if self._memory.tasks:
            # Of an earlier run: they end before anything else is deployed or removed.
            verdicts = self._rollouts.resume()
        else:
            verdicts = self._rollouts.run(todo.rollouts)
            self._remove(todo.removals)
        self._changed = self._changed or bool(verdicts)
        return verdicts

    def _register(self, wanted: Sequence[Register]) -> None:
        for item in wanted:
            self._tell("seen", item.instance, item.reason)
        try:
            self._refused |= register(self._config, self._deploy, self._world.secrets, wanted)
        except (Fatal, Forbidden) as error:
            # What keeps hosts out must not keep others in: those that leave may make room.
            ending = ending_of(error) if isinstance(error, DeployError) else error
            self._refused |= dict.fromkeys((item.instance for item in wanted), ending)
        fresh = [item.instance for item in wanted if item.instance not in self._refused]
        self._memory.forget(fresh)
        self._report.count("HostsRegistered", len(fresh))
        for instance_id in fresh:
            self._tell("registered", instance_id, self._config.host_id(instance_id))

    def _released(self, todo: Plan) -> bool:
        """Tell whether the waits of a plan have been ended, and no task of ours is open."""
        completed = self._memory.completed
        return not self._memory.tasks and all(
            completed.get(release.instance) == release.lifecycle for release in todo.releases
        )

    def _release(self, todo: Plan, *, admitting: bool) -> None:
        self._waits.release([release for release in todo.releases if release.admits == admitting])

    def _remove(self, removals: Sequence[Remove]) -> None:
        stuck = remove_hosts(self._config, self._deploy, self._report, removals)
        self._stuck |= stuck
        gone = [removal for removal in removals if removal.instance not in stuck]
        for removal in gone:
            self._tell("removed", removal.instance, removal.reason)
        self._memory.forget(removal.instance for removal in gone)

    def _tell(self, event: str, instance_id: str, detail: str) -> None:
        self._report.line(event, instance=instance_id, reason=detail)
        self._notes.append((instance_id, event, detail))

    def _save(self) -> None:
        notes, self._notes = self._notes, []
        self._world.ledger.save(self._config.key, self._memory, notes)
