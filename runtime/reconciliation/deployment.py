"""What one task is to do: pure functions on Deploy's Deployment objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.deploy.items import reference
from runtime.reconciliation.ownership import host_instance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runtime.deploy.items import CI
    from runtime.deploy.tasks import Step
    from runtime.reconciliation.actions import Rollout
    from runtime.reconciliation.config import GroupConfig


@dataclass(frozen=True, slots=True)
class Composition:
    """A Deployment ready to be made a task of.

    Attributes
    ----------
    deployment : dict
        The Deployment.
    expected : dict
        Arriving instance to number of deployeds on its host afterwards.
    added, kept, dropped : frozenset of str
        Ids of deployeds: new on arriving hosts, there already on arriving hosts, taken off leaving hosts.
    """

    deployment: CI
    expected: dict[str, int]
    added: frozenset[str]
    kept: frozenset[str]
    dropped: frozenset[str]

    def arriving(self, config: GroupConfig) -> tuple[str, ...]:
        """Return the instances whose hosts get deployeds."""
        return tuple(sorted({i for d in self.added if (i := host_instance(config, d)) is not None}))


def compose(config: GroupConfig, rollout: Rollout, prepared: CI, mapped: CI) -> Composition:
    """Return the Deployment that reaches the arriving hosts, leaves the leaving ones, and touches no other.

    Parameters
    ----------
    prepared : dict
        As `prepare_update` (or `prepare_initial`) gave it: what is deployed now.
    mapped : dict
        The same after `prepare_deployeds`: what type and tags allow on every member, people's hosts too.
    """
    by_id = {deployed["id"]: deployed for deployed in mapped.get("deployeds") or ()}
    leaving = rollout.leaving
    stay = {
        deployed["id"]: by_id.get(deployed["id"], deployed)
        for deployed in prepared.get("deployeds") or ()
        if host_instance(config, deployed["id"]) not in leaving
    }
    reach = {
        deployed_id: deployed
        for deployed_id, deployed in by_id.items()
        if host_instance(config, deployed_id) in rollout.arriving
    }
    final = stay | reach
    now = rollout.application.deployeds
    on_arriving = frozenset(i for i in final if host_instance(config, i) in rollout.arriving)
    expected = dict.fromkeys(rollout.arriving, 0)
    for deployed_id in on_arriving:
        expected[host_instance(config, deployed_id) or ""] += 1
    return Composition(
        deployment={**mapped, "deployeds": list(final.values())},
        expected=expected,
        added=on_arriving - now,
        kept=on_arriving & now,
        dropped=frozenset(i for i in now if host_instance(config, i) in leaving),
    )


def with_others_as_registered(deployment: CI, version: str, registered: Iterable[CI]) -> CI:
    """Return a Deployment that leaves deployeds of hosts that are not the group's as they are.

    An update takes everything to its version. Where somebody has cancelled a release half-way, people's
    hosts may have another one, and whatever comes from there goes into the Deployment as it is registered:
    nothing to do. So does what Deploy has left out, which would be undeployed otherwise.

    Parameters
    ----------
    deployment : dict
        The Deployment.
    version : str
        Id of its version.
    registered : iterable of dict
        The deployeds of such hosts, as the repository has them.
    """
    final = {deployed["id"]: deployed for deployed in deployment["deployeds"]}
    for item in registered:
        if item["id"] not in final or outdated(version, [item]):
            final[item["id"]] = {name: value for name, value in item.items() if not name.startswith("$")}
    return {**deployment, "deployeds": list(final.values())}


def outdated(version: str, deployeds: Iterable[CI]) -> bool:
    """Tell whether a deployed comes from another version: its deployable is a child of its version."""
    for deployed in deployeds:
        source = deployed.get("deployable")
        if source and not reference(source).startswith(f"{version}/"):
            return True
    return False


def steps_on(config: GroupConfig, steps: Sequence[Step], dead: frozenset[str]) -> tuple[str, ...]:
    """Return the paths of the steps that work for dead hosts only."""
    return tuple(
        step.path
        for step in steps
        if step.deployeds and all(host_instance(config, deployed) in dead for deployed in step.deployeds)
    )


def failed_instances(config: GroupConfig, steps: Sequence[Step]) -> dict[str, Step]:
    """Return the instances on whose hosts a step has failed, with that step."""
    return {
        instance_id: step
        for step in steps
        if step.state == "FAILED"
        for deployed in step.deployeds
        if (instance_id := host_instance(config, deployed)) is not None
    }
