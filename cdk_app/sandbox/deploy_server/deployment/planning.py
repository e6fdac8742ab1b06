"""Turns a deployment into deltas, blocks and steps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.deployment.deltas import (
    ApplicationState,
    Delta,
    Operation,
    Specification,
    compute_deltas,
)
from cdk_app.sandbox.deploy_server.deployment.drafts import stored
from cdk_app.sandbox.deploy_server.deployment.model import Deployment, DeploymentKind
from cdk_app.sandbox.deploy_server.deployment.orchestrators import GROUP_PROPERTIES, Item, Plan, orchestrate
from cdk_app.sandbox.deploy_server.deployment.steps import steps_for
from cdk_app.sandbox.deploy_server.errors import RefusedError
from cdk_app.sandbox.deploy_server.execution.actions import RegisterDeployeds, TakeLocks
from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem, ValidationMessage, name_of
from cdk_app.sandbox.deploy_server.tasks.model import Block, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_app.sandbox.deploy_server.repository.artifacts import Artifact, ArtifactStore
    from cdk_app.sandbox.deploy_server.repository.store import Repository
    from cdk_app.sandbox.deploy_server.settings import Behaviour

_VERBS = {
    DeploymentKind.INITIAL: ("Deploy", "on"),
    DeploymentKind.UPDATE: ("Update", "on"),
    DeploymentKind.UNDEPLOYMENT: ("Undeploy", "from"),
}
_NO_OPTION = frozenset({"forceRedeploy"})


@dataclass(frozen=True, slots=True)
class Planner:
    """Decides what a deployment does, without doing it."""

    repository: Repository
    artifacts: ArtifactStore
    behaviour: Behaviour

    def validate(self, deployment: Deployment) -> Deployment:
        """Return the deployment with everything that is wrong with its deployeds.

        Checked are the values (when the object was read), ids that occur twice, ids that belong to another
        application (both attested), placeholders without a value, and that both ends exist.
        """
        messages = {ci_id: list(found) for ci_id, found in deployment.messages.items()}

        def report(ci_id: str, prop: str | None, text: str) -> None:
            messages.setdefault(ci_id, []).append(ValidationMessage(ci_id, prop, text))

        counted = Counter(deployed.id for deployed in deployment.deployeds)
        for deployed in deployment.deployeds:
            if counted[deployed.id] > 1:
                report(deployed.id, None, f"There is more than one deployed with id [{deployed.id}]")
            owner = self._owner(deployed.id)
            if owner is not None and owner != deployment.application:
                report(deployed.id, None, f"[{deployed.id}] is already deployed by [{owner}]")
            for end, value in (("deployable", deployed.deployable), ("container", deployed.container)):
                if value and value not in self.repository:
                    report(deployed.id, end, f"Repository entity [{value}] not found")
            for name in _missing_placeholders(deployed.values.get("placeholders")):
                report(deployed.id, "placeholders", f"Placeholder [{name}] doesn't have a value.")
        return replace(
            deployment, messages={ci_id: tuple(found) for ci_id, found in messages.items() if found}
        )

    def specify(self, deployment: Deployment) -> Specification:
        """Deltas of a deployment against the repository.

        Raises
        ------
        RefusedError
            The deployment is not valid, or it is initial and the application is deployed already.
        """
        checked = self.validate(deployment)
        errors = [m.text for found in checked.messages.values() for m in found if m.level == "ERROR"]
        if errors and deployment.kind is not DeploymentKind.UNDEPLOYMENT:
            raise RefusedError("; ".join(dict.fromkeys(errors)))
        current = self.repository.find(deployment.application)
        if current is None and deployment.kind is not DeploymentKind.INITIAL:
            raise RefusedError(f"[{deployment.application}] is not deployed")
        before = None if current is None else _state(current)
        previous = [
            stored(ci_id, self.repository)
            for ci_id in (_ids(current.properties.get("deployeds")) if current else ())
        ]
        leaves = deployment.kind is DeploymentKind.UNDEPLOYMENT
        options = {name: value for name, value in deployment.options.items() if name not in _NO_OPTION}
        return Specification(
            kind=deployment.kind,
            application=deployment.application,
            environment=deployment.environment,
            before=before,
            after=None if leaves else ApplicationState(deployment.version, options),
            deltas=compute_deltas(
                previous,
                () if leaves else deployment.deployeds,
                force=deployment.options.get("forceRedeploy") is True,
            ),
        )

    def blocks(self, specifications: Sequence[Specification]) -> Block:
        """Return the block tree of a task: a phase that does the work, and one that registers it.

        Without any step to do, only the second one is there (attested).

        Raises
        ------
        RefusedError
            There is nothing to do and the server is set to refuse that.
        """
        first = specifications[-1]
        title = title_of(first)
        items = [
            Item(delta, specification.application, self._groups(delta))
            for specification in specifications
            for delta in specification.deltas
            if delta.operation is not Operation.NOOP
        ]
        options = (first.after or first.before or ApplicationState("")).options
        plan = orchestrate(_names(options.get("orchestrator")), items, title)
        root = Block("0", "")
        work = self._block(plan, "0_1_1")
        lock = self._lock_step(first.environment)
        if any(block.steps for block in work.walk()) or lock is not None:
            if lock is not None:
                work = _preceded(lock, work)
            root.blocks.append(Block("0_1", "Deploy", phase=True, blocks=[work]))
        elif self.behaviour.empty_deployment == "refuse":
            raise RefusedError("The task did not deliver any steps")
        path = f"0_{len(root.blocks) + 1}"
        register = Block(f"{path}_1", "Register changes")
        register.steps = [
            Step("Register deployeds", 100, RegisterDeployeds(found.application), skippable=False)
            for found in specifications
        ]
        root.blocks.append(Block(path, "Register changes", phase=True, blocks=[register]))
        return root

    def artifact(self, deployable: str | None) -> Artifact | None:
        """Content of an artifact."""
        return self.artifacts.of(self.repository.find(deployable)) if deployable else None

    def command_line(self, command: str) -> str | None:
        """Command line of a ``cmd.Command``."""
        item = self.repository.find(command)
        line = item.properties.get("commandLine") if item else None
        return line if isinstance(line, str) else None

    def _block(self, plan: Plan, path: str) -> Block:
        block = Block(path, plan.description, parallel=plan.parallel)
        if plan.parts:
            parts = [self._block(part, "") for part in plan.parts]
            block.blocks = [part for part in parts if any(inner.steps for inner in part.walk())]
            _number(block)
        else:
            found = [step for item in plan.items for step in steps_for(item.delta, self)]
            block.steps = sorted(found, key=lambda step: step.order)
        return block

    def _lock_step(self, environment: str) -> Step | None:
        """Return the step that takes the locks which an environment asks for, if it does."""
        item = self.repository.get(environment)
        if self.behaviour.locks == "off" or item.properties.get("allowConcurrentDeployments") is not False:
            return None
        ids = [environment]
        if item.properties.get("lockAllContainersInEnvironment") is True:
            ids += _ids(item.properties.get("members"))
        retries = item.properties.get("enableLockRetry") is True
        attempts, interval = (
            item.properties.get(name) for name in ("lockRetryAttempts", "lockRetryInterval")
        )
        return Step(
            "Acquire locks",
            0,
            TakeLocks(
                tuple(ids),
                attempts if retries and isinstance(attempts, int) else 0,
                interval if isinstance(interval, int) else 30,
            ),
            skippable=False,
        )

    def _owner(self, deployed: str) -> str | None:
        for referrer in self.repository.referrers(deployed):
            item = self.repository.get(referrer)
            if item.type == "udm.DeployedApplication":
                return item.id
        return None

    def _groups(self, delta: Delta) -> dict[str, int | None]:
        container = self.repository.find(delta.subject.container)
        values = {name: container.properties.get(name) if container else None for name in GROUP_PROPERTIES}
        return {name: value if isinstance(value, int) else None for name, value in values.items()}


def title_of(specification: Specification) -> str:
    """``Deploy Sample 1.0 on SampleEnv`` (attested for the initial deployment)."""
    verb, preposition = _VERBS[specification.kind]
    state = specification.after or specification.before
    version = name_of(state.version) if state else ""
    application, environment = name_of(specification.application), name_of(specification.environment)
    return f"{verb} {application} {version} {preposition} {environment}"


def _preceded(step: Step, block: Block) -> Block:
    """Return a block that does a step and then what another one does."""
    if not block.blocks:
        block.steps.insert(0, step)
        return block
    before = Block("", step.description, steps=[step])
    whole = Block(block.path, block.description, blocks=[before, block])
    _number(whole)
    return whole


def _number(block: Block) -> None:
    for number, inner in enumerate(block.blocks, start=1):
        inner.path = f"{block.path}_{number}"
        _number(inner)


def _state(item: ConfigurationItem) -> ApplicationState:
    options = {
        name: value
        for name, value in item.properties.items()
        if name not in ("version", "environment", "deployeds")
    }
    return ApplicationState(str(item.properties["version"]), options)


def _missing_placeholders(value: object) -> list[str]:
    return [name for name, text in value.items() if text == ""] if isinstance(value, dict) else []


def _names(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _ids(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
