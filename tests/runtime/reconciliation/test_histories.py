"""Random histories of a group, its people, its network and its handler; what must hold whatever happens.

A history is made of what AWS does (launches, terminations, silent deaths, expiring hooks, interruptions of
Spot Instances that it may withdraw), what people do in Deploy (releases, undeploys, edits), what gets lost or
repeated on the way (events, calls before and after they took effect; warnings may be old or forged), crashes
of the handler at any call, and loss of the ledger. After every step the things
that may never happen are checked; at the end everything calms down, and Deploy must equal the group.
"""

from __future__ import annotations

import contextlib
import os
import secrets

import pytest
from hypothesis import HealthCheck, assume, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from runtime.deploy.errors import DeployError, Unavailable, Unreachable
from runtime.reconciliation.config import Hooks
from runtime.reconciliation.errors import ReconciliationError
from tests.runtime.twins.world import ENVIRONMENT, FOREIGN, World, config

APPLICATIONS = ("shop", "search")


class Killed(BaseException):
    """The function's process ends."""


class Throttled(Exception):  # noqa: N818 - as AWS calls it
    """AWS's answer when it is asked too often."""


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.versions = dict.fromkeys(APPLICATIONS, 0)
        self.events = 0
        self.violations: list[str] = []
        self.undeploys: dict[str, str] = {}
        self.warned: set[str] = set()
        self.taken_back: set[str] = set()
        self.begun = self.locked = False

    # --- the beginning ---

    @initialize(
        gated=st.booleans(),
        zero=st.sampled_from(["keep", "drop"]),
        seconds=st.sampled_from([0.5, 20.0, 90.0]),
        backwards=st.booleans(),
        locked=st.booleans(),
        started=st.booleans(),
    )
    def begin(
        self, gated: bool, zero: str, seconds: float, backwards: bool, locked: bool, started: bool
    ) -> None:
        hooks = Hooks("deploy", "undeploy") if gated else Hooks()
        self.world = World(config(hooks=hooks))
        self.world.twin.zero = zero
        self.world.twin.task_seconds = seconds
        self.world.twin.backwards = backwards
        self.world.twin.items[ENVIRONMENT]["members"] = [FOREIGN]
        self.locked = locked
        if locked:
            self.world.twin.items[ENVIRONMENT]["allowConcurrentDeployments"] = False
        self.world.group.entered = self._entered
        self.world.group.spot = True
        self.begun = True
        if started:
            self.world.group.scale(2)
            self._run(600.0)
            for application in APPLICATIONS:
                self.person_releases(application)
                self.time_passes(100.0)
            self._run(600.0)

    def _entered(self, instance_id: str) -> None:
        """Check, when a gated instance enters service, that it has every application at its version."""
        if self.world.config.hooks.launch is None:
            return
        host = self.world.config.host_id(instance_id)
        for ci_id, item in self.world.twin.items.items():
            if item["type"] == "udm.DeployedApplication":
                for deployable in self.world.twin._deployables(item["version"]):
                    found = self.world.twin.installed.get(host, {}).get(deployable)
                    if found != item["version"]:
                        self.violations.append(
                            f"{instance_id} in service with {found} of {ci_id} {item['version']}"
                        )

    # --- what AWS does ---

    @rule(desired=st.integers(0, 4))
    def scale(self, desired: int) -> None:
        self.world.group.scale(desired)
        self.events += 1

    @rule(which=st.integers(0, 3), noticed=st.booleans())
    def machine_dies(self, which: int, noticed: bool) -> None:
        alive = sorted(self.world.group.instances)
        assume(which < len(alive))
        self.world.group.die(alive[which])
        self.world.group.converge()
        self.events += noticed

    @rule(which=st.integers(0, 3), told=st.booleans(), seconds=st.sampled_from([20.0, 120.0]))
    def ec2_takes_a_machine_back(self, which: int, told: bool, seconds: float) -> None:
        running = sorted(self.world.group.instances)
        assume(which < len(running))
        self.world.group.interrupt(running[which], seconds)
        self.taken_back.add(running[which])
        self.warned |= {running[which]} if told else set()

    @precondition(lambda self: self.taken_back & self.world.group.instances.keys())
    @rule()
    def ec2_withdraws_an_interruption(self) -> None:
        self.world.group.withdraw(min(self.taken_back & self.world.group.instances.keys()))

    @rule(which=st.integers(0, 3))
    def an_old_or_forged_warning_arrives(self, which: int) -> None:
        known = sorted(self.world.group.instances | self.world.group.terminated)
        assume(which < len(known))
        self.warned.add(known[which])

    @rule(seconds=st.sampled_from([1.0, 60.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        if not self.locked and self._ours_is_busy() and self._person_is_busy():
            # A limit, see docs/failure-modes.md: while a person deploys beside a task of ours, we must look.
            self._run(600.0)
        self.world.clock.sleep(seconds)
        self.world.twin.settle_tasks()
        self.world.group.converge()

    # --- what people do ---

    @rule(application=st.sampled_from(APPLICATIONS))
    def person_releases(self, application: str) -> None:
        assume(not self._person_is_busy())
        self.versions[application] += 1
        version = self.world.twin.package(application, f"{self.versions[application]}.0")
        self.world.twin.person_deploys(version, ENVIRONMENT)
        self.undeploys.pop(application, None)

    @rule(application=st.sampled_from(APPLICATIONS))
    def person_undeploys(self, application: str) -> None:
        assume(not self._person_is_busy() and f"{ENVIRONMENT}/{application}" in self.world.twin.items)
        assume(not self._ours_is_busy())
        self.undeploys[application] = self.world.twin.person_undeploys(f"{ENVIRONMENT}/{application}")

    @rule(application=st.sampled_from(APPLICATIONS), bad=st.booleans())
    def a_version_turns_bad_or_good(self, application: str, bad: bool) -> None:
        """What a version needs from outside goes away or comes back."""
        version = f"Applications/{application}/{self.versions[application]}.0"
        (self.world.twin.broken.add if bad else self.world.twin.broken.discard)(version)

    @rule(which=st.integers(0, 3))
    def a_machine_falls_sick(self, which: int) -> None:
        alive = sorted(self.world.group.instances)
        assume(which < len(alive))
        self.world.twin.sick.add(self.world.config.host_id(alive[which]))

    @rule()
    def person_edits_the_environment(self) -> None:
        item = self.world.twin.items[ENVIRONMENT]
        self.world.twin.items[ENVIRONMENT] = self.world.twin._stored({**item, "tags": ["edited"]})

    @precondition(lambda self: self._person_is_busy())
    @rule()
    def person_gives_up(self) -> None:
        """A person cancels what failed."""
        self.world.twin.settle_tasks()
        for task in list(self.world.twin.tasks.values()):
            if task.owner == "amy" and task.state in {"FAILED", "STOPPED"}:
                self.world.twin._cancel(task)

    @rule(application=st.sampled_from(APPLICATIONS), which=st.integers(0, 3))
    def person_gives_up_half_way(self, application: str, which: int) -> None:
        """A release fails on one machine, after some of its steps, and is cancelled at once."""
        alive = sorted(self.world.group.instances)
        assume(which < len(alive) and not self._ours_is_busy() and not self._person_is_busy())
        well = set(self.world.twin.sick)
        self.a_machine_falls_sick(which)
        self.person_releases(application)
        self.world.clock.sleep(self.world.twin.task_seconds)
        self.person_gives_up()
        self.world.twin.sick = well

    def _person_is_busy(self) -> bool:
        self.world.twin.settle_tasks()
        return any(
            t.owner == "amy" and t.state in {"EXECUTING", "FAILED", "STOPPED"}
            for t in self.world.twin.tasks.values()
        )

    def _ours_is_busy(self) -> bool:
        return any(
            t.owner == "reconciler" and t.state in {"EXECUTING", "FAILED"}
            for t in self.world.twin.tasks.values()
        )

    # --- what happens to the handler ---

    @rule(budget=st.sampled_from([20.0, 600.0]))
    def handler_runs(self, budget: float) -> None:
        self._run(budget)

    @rule(
        call=st.integers(0, 40),
        phase=st.sampled_from(["before", "after"]),
        kind=st.sampled_from(["killed", "lost", "busy"]),
        times=st.integers(1, 3),
    )
    def handler_runs_through_faults(self, call: int, phase: str, kind: str, times: int) -> None:
        seen = 0

        def fault(method: str, path: str, now: str) -> None:
            nonlocal seen
            if now == phase:
                seen += 1
                if call < seen <= call + times:
                    if kind == "killed":
                        raise Killed
                    raise (Unreachable if kind == "lost" else Unavailable)(method, path, 503, "trouble")

        self.world.twin.faults.append(fault)
        try:
            self._run(600.0)
        finally:
            self.world.twin.faults.remove(fault)

    @rule(call=st.integers(0, 6), killed=st.booleans())
    def handler_runs_while_aws_throttles(self, call: int, killed: bool) -> None:
        seen = 0

        def fault(name: str) -> None:
            nonlocal seen
            seen += 1
            if seen > call:
                raise Killed if killed else Throttled(name)

        self.world.group.faults.append(fault)
        try:
            self._run(600.0)
        finally:
            self.world.group.faults.remove(fault)

    @rule()
    def ledger_is_lost(self) -> None:
        # What a server that drops applications with their last host has dropped is known to the ledger alone.
        assume(self.world.twin.zero == "keep")
        self.world.ledger.lose()

    @rule()
    def event_is_repeated(self) -> None:
        self.events += 1

    @precondition(lambda self: self.events)
    @rule()
    def event_is_lost(self) -> None:
        self.events -= 1

    def _run(self, budget: float) -> None:
        try:
            self.world.reconcile(budget=budget, instances=frozenset(self.warned))
            self.events = 0
            self.warned.clear()
        except (ReconciliationError, DeployError, Throttled, Killed):
            pass

    # --- what must hold ---

    @invariant()
    def nothing_forbidden_has_happened(self) -> None:
        assert self.violations == []
        assert self.world.twin.beside == []

    @invariant()
    def people_keep_what_is_theirs(self) -> None:
        assert FOREIGN in self.world.twin.members(ENVIRONMENT)
        assert FOREIGN in self.world.twin.items

    @invariant()
    def people_keep_what_is_installed(self) -> None:
        """No step of ours runs on a host that is not the group's."""
        ours = [task for task in self.world.twin.tasks.values() if task.owner == "reconciler"]
        assert not [s for task in ours for s in task.steps if s.deployed.startswith(f"{FOREIGN}/")]

    @invariant()
    def no_wait_is_ended_twice(self) -> None:
        ended = [(instance, hook) for instance, hook, _ in self.world.group.completions]
        assert len(ended) == len(set(ended))

    @invariant()
    def living_members_stay(self) -> None:
        """A host that was registered for an instance in service is there as long as the instance is.

        Unless EC2 has said, whatever events say, that it takes the machine back.
        """
        for instance_id, instance in self.world.group.instances.items():
            if instance_id in self.taken_back:
                continue
            if instance.lifecycle == "InService" and self.world.config.hooks.launch is not None:
                assert instance_id in self.world.hosts()
                assert instance_id in self.world.joined()

    def teardown(self) -> None:
        """Let everything calm down: then Deploy equals the group, within a few schedules."""
        world = self.world
        if not self.begun:
            return
        world.twin.faults.clear()
        world.group.faults.clear()
        world.twin.broken.clear()
        world.twin.sick.clear()
        for _ in range(12):
            self.person_gives_up()
            with contextlib.suppress(ReconciliationError):
                world.reconcile("schedule")
            world.clock.sleep(300)
            world.twin.settle_tasks()
            world.group.converge()
        world.reconcile("schedule")
        assert self.violations == []
        assert world.hosts() == world.joined() == set(world.group.instances)
        assert set(world.states().values()) <= {"InService"}
        for application in APPLICATIONS:
            item = world.twin.items.get(f"{ENVIRONMENT}/{application}")
            if (
                application in self.undeploys
                and world.twin.tasks[self.undeploys[application]].state == "EXECUTED"
            ):
                assert item is None
            if item is not None:
                expected = {f"{world.config.host_id(i)}/{application}-file" for i in world.group.instances}
                assert expected <= set(item["deployeds"])
                assert {d for d in item["deployeds"] if d.startswith(world.config.host_prefix)} == expected
                for instance_id in world.group.instances:
                    installed = world.twin.installed[world.config.host_id(instance_id)]
                    assert installed[f"{application}-file"] == item["version"]
        open_tasks = [t for t in world.twin.tasks.values() if t.owner == "reconciler"]
        assert {t.state for t in open_tasks} <= {"DONE", "CANCELLED", "EXECUTED"}


def run(examples: int) -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_histories() -> None:
    run(200)


@pytest.mark.slow
@pytest.mark.skipif("HISTORIES" not in os.environ, reason="takes minutes: `make histories`")
def test_many_histories(capsys: pytest.CaptureFixture[str]) -> None:
    """Run as many histories as ``HISTORIES`` says, from the seed in ``SEED`` or a new one."""
    count = int(os.environ["HISTORIES"])
    value = int(os.environ.get("SEED") or secrets.randbelow(2**32))
    with capsys.disabled():
        print(f"\n{count:,} histories from seed {value}", flush=True)  # noqa: T201 - to run it again
    seed(value)(Histories)
    run(count)
