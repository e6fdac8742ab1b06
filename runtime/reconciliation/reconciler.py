"""One run for one group: look, plan, apply, and look again until nothing is left to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from runtime.deploy.errors import DeployError
from runtime.deploy.items import CI, references
from runtime.deploy.tasks import HALTED
from runtime.reconciliation.errors import Retry, ending_of
from runtime.reconciliation.memory import OpenTask
from runtime.reconciliation.observe import HOST_TYPE, observe
from runtime.reconciliation.plan import BEAT_SECONDS, own_instance, plan
from runtime.reconciliation.registration import drift, read_template, register
from runtime.reconciliation.rollouts import (
    RESERVE_SECONDS,
    Rollouts,
    Unfinished,
    Verdict,
    is_own,
    same_environment,
)
from runtime.reconciliation.settle import settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.deploy.tasks import Task
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.model import Observed
    from runtime.reconciliation.plan import Heartbeat, Membership, Plan, Release, Remove
    from runtime.reconciliation.ports import (
        Clock,
        DeployPort,
        GroupsPort,
        LedgerPort,
        QueuePort,
        Reporter,
        SecretsPort,
    )

CLOCK_SKEW_SECONDS = 1.0
"""Between SQS's clock and ours, at most."""

_ROUNDS = 8
_WAIT_SECONDS, _WAIT_POLL = 60.0, 2.0


class Outcome(Enum):
    """How a run ended that did not fail."""

    SUPERSEDED = "superseded"
    """A later look than the hint has been completed already."""
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    CONTINUED = "continued"
    """Something takes longer than the run; a fresh hint is in the queue."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Why to look.

    Attributes
    ----------
    sent : float
        When the newest message behind it was sent, seconds since the epoch.
    sources : frozenset of str
        Who sent them: ``aws.autoscaling``, ``schedule``, ``operator``, ``reconciler``.
    backlog : bool
        Whether more messages about the group are probably in the queue.
    """

    sent: float
    sources: frozenset[str] = frozenset()
    backlog: bool = False


class Reconciler:
    """Keeps Deploy in line with groups.

    Parameters
    ----------
    groups, deploy, secrets, queue, ledger, clock, report
        The world, see `runtime.reconciliation.ports`.
    """

    def __init__(
        self,
        groups: GroupsPort,
        deploy: DeployPort,
        secrets: SecretsPort,
        queue: QueuePort,
        ledger: LedgerPort,
        clock: Clock,
        report: Reporter,
    ) -> None:
        self._groups, self._deploy, self._secrets = groups, deploy, secrets
        self._queue, self._ledger, self._clock, self._report = queue, ledger, clock, report

    def reconcile(self, config: GroupConfig, hint: Hint) -> Outcome:
        """Bring one group's mirror in line.

        Raises
        ------
        Retry, Fatal
            See `runtime.reconciliation.errors`.
        """
        memory = self._ledger.load(config.key)
        if memory.observed >= hint.sent + CLOCK_SKEW_SECONDS:
            self._report.count("HintsSuperseded")
            return Outcome.SUPERSEDED
        run = _Run(self, config, memory, hint)
        try:
            return run.to_the_end()
        except DeployError as error:
            raise ending_of(error) from None


class _Run:
    """One run: what `Reconciler.reconcile` shares between its rounds."""

    def __init__(self, reconciler: Reconciler, config: GroupConfig, memory: Memory, hint: Hint) -> None:
        self._groups, self._deploy = reconciler._groups, reconciler._deploy
        self._secrets, self._queue, self._ledger = reconciler._secrets, reconciler._queue, reconciler._ledger
        self._clock, self._report = reconciler._clock, reconciler._report
        self._config, self._memory, self._hint = config, memory, hint
        self._changed = False
        self._waiting: tuple[Heartbeat, ...] = ()
        self._stuck: set[str] = set()
        self._notes: list[tuple[str, str, str]] = []
        self._rollouts = Rollouts(
            config, self._deploy, memory, self._clock, self._report, save=self._save, beat=self._beat
        )

    def to_the_end(self) -> Outcome:
        """Run rounds until one finds nothing to do."""
        if "operator" in self._hint.sources:
            self._memory.reset()
            self._report_drift()
        try:
            verdicts = self._rollouts.resume()
            for _ in range(_ROUNDS):
                if self._clock.remaining() < RESERVE_SECONDS:
                    raise Unfinished
                observed = observe(self._config, self._groups, self._deploy, self._memory, self._clock.now())
                troubles = settle(self._config, observed, self._memory, verdicts)
                todo = plan(self._config, observed, self._memory)
                todo = replace(
                    todo, removals=tuple(r for r in todo.removals if r.instance not in self._stuck)
                )
                self._announce(observed, todo)
                if todo.idle:
                    return self._end(observed, todo, troubles)
                verdicts = self._apply(observed, todo)
                self._changed = True
                self._save()
                if troubles:
                    return self._end(observed, todo, troubles)
            raise Retry("still changing after several rounds", after=1)
        except Unfinished:
            self._beat()
            self._save()
            self._queue.hint(self._config.key, "something takes longer than one run")
            return Outcome.CONTINUED

    def _announce(self, observed: Observed, todo: Plan) -> None:
        self._waiting = todo.heartbeats
        for hold in todo.holds:
            self._report.count(hold.metric)
            self._report.warn("held", subject=hold.subject, metric=hold.metric, reason=hold.reason)
        if observed.group is None:
            return
        lifecycles = {instance.id: instance.lifecycle for instance in observed.group.instances}
        for instance_id in self._memory.beats.keys() - lifecycles.keys():
            del self._memory.beats[instance_id]
        for instance_id, lifecycle in list(self._memory.completed.items()):
            if lifecycles.get(instance_id) != lifecycle:
                del self._memory.completed[instance_id]

    def _end(self, observed: Observed, todo: Plan, troubles: Sequence[str]) -> Outcome:
        beaten = self._beat()
        wait = not todo.idle or todo.retry_after is not None or bool(troubles)
        if not wait:
            self._memory.observed = observed.at
        # The watermark alone is worth a write only if there are messages that it can supersede.
        if self._changed or beaten or self._hint.backlog:
            self._save()
        if self._changed and self._hint.sources == {"schedule"}:
            self._report.count("ScheduleRepairs")
        if troubles:
            raise Retry("; ".join(troubles))
        if wait:
            raise Retry("something is not ready yet", after=todo.retry_after)
        return Outcome.CHANGED if self._changed else Outcome.UNCHANGED

    def _apply(self, observed: Observed, todo: Plan) -> list[Verdict]:
        if todo.register:
            fresh = register(self._config, self._deploy, self._secrets, todo.register)
            self._memory.forget(fresh)
            self._report.count("HostsRegistered", len(fresh))
            for item in todo.register:
                self._tell("registered", item.instance, item.reason)
        if todo.membership is not None:
            self._change_members(todo.membership)
        if todo.disturbs and not self._alone(observed):
            return self._rollouts.resume()
        verdicts = self._rollouts.run(todo.rollouts) if todo.rollouts else []
        for release in todo.releases:
            self._release(release)
        if todo.removals:
            self._remove(todo.removals)
        return verdicts

    def _change_members(self, change: Membership) -> None:
        def changed(environment: CI) -> CI | None:
            before = references(environment.get("members"))
            after = [member for member in before if member not in change.parting]
            after += sorted(change.joining.difference(before))
            return {**environment, "members": after} if after != list(before) else None

        if self._deploy.repository.update(self._config.environment, changed) is None:
            raise Retry(f"the environment {self._config.environment} is gone")
        self._report.line(
            "members changed",
            joining=len(change.joining),
            parting=len(change.parting),
            reason=change.reason,
        )

    def _alone(self, observed: Observed) -> bool:
        """Wait until nobody else's task is open on the environment.

        Returns
        -------
        bool
            False if something may have changed meanwhile: what was planned is to be planned anew.

        Raises
        ------
        Unfinished
            It takes longer than this run may wait.
        """
        until = self._clock.now() + min(_WAIT_SECONDS, self._clock.remaining() - RESERVE_SECONDS)
        waited = False
        while True:
            tasks = [task for task in self._deploy.tasks.open() if self._concerns(task)]
            others = [task for task in tasks if not self._take_up(task, observed)]
            if not others:
                return not waited and not self._memory.tasks
            self._report.count("TasksAwaited")
            self._report.line("waiting for others", tasks=[f"{task.id} of {task.owner}" for task in others])
            if self._clock.now() >= until:
                raise Unfinished
            waited = True
            self._beat()
            self._clock.sleep(_WAIT_POLL)

    def _concerns(self, task: Task) -> bool:
        """Tell whether a task is open on the environment and was not made by this or a known run.

        Executed tasks have done what they could, and one that nobody has started holds nothing.
        """
        live = (
            task.running or task.state in HALTED or (task.state == "PENDING" and is_own(task, self._deploy))
        )
        return live and same_environment(task, self._config.environment) and task.id not in self._memory.tasks

    def _take_up(self, task: Task, observed: Observed) -> bool:
        """Take up a task of ours that a run left whose memory is lost; tell whether it was one.

        Ours is an update to the version that is deployed already (nobody else needs such a thing), or the
        deployment of a remembered application, made by our account.
        """
        versions = {application.id: application.version for application in observed.applications}
        versions |= {key: value for key, value in self._memory.remembered.items() if key not in versions}
        application = f"{self._config.environment}/{task.application}"
        version = versions.get(application)
        again = task.kind != "UNDEPLOY" and version is not None and version.rpartition("/")[2] == task.version
        if not again or version is None or not is_own(task, self._deploy):
            return task.state == "PENDING"
        if task.state == "PENDING":
            self._deploy.tasks.cancel(task.id)  # its plan is old; never started, it leaves no trace
        else:
            self._memory.tasks[task.id] = OpenTask(application, version)
        return True

    def _release(self, release: Release) -> None:
        config = self._config
        self._memory.completed[release.instance] = release.lifecycle
        for hook in release.hooks:
            if self._groups.complete(config.group, hook, release.instance, release.result):
                released = release.result == "CONTINUE"
                self._report.count("InstancesReleased" if released else "InstancesAbandoned")
                self._tell(release.result.lower(), release.instance, release.reason)
                return
        self._expired(release.instance)

    def _beat(self) -> bool:
        """Send the heartbeats that are due; tell whether any was."""
        now = self._clock.now()
        due = [w for w in self._waiting if now - self._memory.beats.get(w.instance, 0.0) >= BEAT_SECONDS]
        for waiting in due:
            known = waiting.instance in self._memory.beats
            self._memory.beats[waiting.instance] = now
            alive = any(
                self._groups.heartbeat(self._config.group, hook, waiting.instance) for hook in waiting.hooks
            )
            if not alive and known:
                self._expired(waiting.instance)
        return bool(due)

    def _expired(self, instance_id: str) -> None:
        """Note that a hook of ours no longer holds an instance that it held before."""
        if self._memory.beats.pop(instance_id, None) is not None:
            self._report.count("HooksExpired")
            self._report.warn("hook expired", instance=instance_id)

    def _remove(self, removals: Sequence[Remove]) -> None:
        hosts = {self._config.host_id(removal.instance): removal for removal in removals}
        refused = self._deploy.repository.delete_all(list(hosts))
        for host, removal in hosts.items():
            error = refused.get(host)
            if error is None:
                self._report.count("HostsRemoved")
                self._tell("removed", removal.instance, removal.reason)
            else:
                self._stuck.add(removal.instance)
                self._report.count("RemovalsHeld")
                self._report.warn("host cannot be deleted", host=host, reason=str(error))
        self._memory.forget(removal.instance for removal in removals if removal.instance not in self._stuck)

    def _report_drift(self) -> None:
        """Say where hosts differ from the template: a changed template is for new hosts only."""
        known = self._deploy.metadata.properties(HOST_TYPE) or {}
        template = read_template(self._config, self._deploy)
        refs = self._deploy.repository.query(parent=self._config.infrastructure, ci_type=HOST_TYPE)
        ours = [ref.id for ref in refs if own_instance(self._config, ref.id) is not None]
        found = drift(template, self._deploy.repository.read_all(ours), known)
        for host, names in found.items():
            self._report.line("host differs from the template", host=host, properties=names)
        self._report.count("HostsDrifted", len(found))

    def _tell(self, event: str, instance_id: str, detail: str) -> None:
        self._report.line(event, instance=instance_id, reason=detail)
        self._notes.append((instance_id, event, detail))

    def _save(self) -> None:
        notes, self._notes = self._notes, []
        self._ledger.note(self._config.key, notes, self._clock.now())
        self._ledger.save(self._config.key, self._memory)
