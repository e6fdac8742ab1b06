"""Deployment calls with their permissions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.deployment.deltas import Operation, Specification
from cdk_app.sandbox.deploy_server.deployment.dictionary import effective_entries
from cdk_app.sandbox.deploy_server.deployment.drafts import accept
from cdk_app.sandbox.deploy_server.deployment.model import Deployment, DeploymentKind
from cdk_app.sandbox.deploy_server.errors import PermissionDeniedError, RefusedError
from cdk_app.sandbox.deploy_server.repository.model import Secret, name_of, parent_of
from cdk_app.sandbox.deploy_server.security.model import (
    DEPLOY_INITIAL,
    DEPLOY_UNDEPLOY,
    DEPLOY_UPGRADE,
    READ,
    User,
)
from cdk_app.sandbox.deploy_server.tasks.model import StepState, Task, TaskState
from cdk_app.sandbox.deploy_server.tasks.service import new_task_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_app.sandbox.deploy_server.deployment.model import DeploymentDraft
    from cdk_app.sandbox.deploy_server.deployment.planning import Planner
    from cdk_app.sandbox.deploy_server.deployment.prepare import Preparer
    from cdk_app.sandbox.deploy_server.repository.store import Repository
    from cdk_app.sandbox.deploy_server.security.permissions import Permissions
    from cdk_app.sandbox.deploy_server.settings import Behaviour
    from cdk_app.sandbox.deploy_server.tasks.model import Block
    from cdk_app.sandbox.deploy_server.tasks.service import TaskService

_PERMISSIONS = {
    DeploymentKind.INITIAL: DEPLOY_INITIAL,
    DeploymentKind.UPDATE: DEPLOY_UPGRADE,
    DeploymentKind.UNDEPLOYMENT: DEPLOY_UNDEPLOY,
}
_TASK_TYPES = {
    DeploymentKind.INITIAL: ("INITIAL", "Initial deployment of"),
    DeploymentKind.UPDATE: ("UPGRADE", "Update deployment of"),
    DeploymentKind.UNDEPLOYMENT: ("UNDEPLOY", "Undeployment of"),
}


@dataclass(frozen=True, slots=True)
class DeploymentService:
    """What users may do with deployments."""

    repository: Repository
    preparer: Preparer
    planner: Planner
    tasks: TaskService
    permissions: Permissions
    behaviour: Behaviour

    def exists(self, user: User, application: str, environment: str) -> bool:
        """Whether an application is deployed to an environment."""
        del user
        return self.preparer.is_deployed(application, environment)

    def prepare_initial(self, user: User, version: str, environment: str) -> Deployment:
        """Return a first deployment."""
        deployment = self.preparer.initial(version, environment)
        self._require(user, deployment)
        return deployment

    def prepare_update(self, user: User, version: str, deployed_application: str) -> Deployment:
        """Return an update of what is mapped."""
        deployment = self.preparer.update(version, deployed_application)
        self._require(user, deployment)
        return deployment

    def prepare_undeploy(self, user: User, deployed_application: str) -> Deployment:
        """Return a removal."""
        deployment = self.preparer.undeploy(deployed_application)
        self._require(user, deployment)
        return deployment

    def map_all(self, user: User, draft: DeploymentDraft) -> Deployment:
        """Map everything that types and tags allow."""
        before = self._accept(user, draft)
        return self._limit_new_mappings(user, before, self.preparer.map_all(before))

    def map_selected(self, user: User, draft: DeploymentDraft, deployables: Sequence[str]) -> Deployment:
        """Map some deployables."""
        before = self._accept(user, draft)
        return self._limit_new_mappings(user, before, self.preparer.map_selected(before, deployables))

    def map_single(
        self, user: User, draft: DeploymentDraft, deployable: str, container: str, type_name: str | None
    ) -> Deployment:
        """Map one pair."""
        before = self._accept(user, draft)
        after = self.preparer.map_single(before, deployable, container, type_name)
        return self._limit_new_mappings(user, before, after)

    def validate(self, user: User, draft: DeploymentDraft) -> Deployment:
        """Return the deployment with what is wrong with it."""
        return self.planner.validate(self.preparer.with_choices(self._accept(user, draft)))

    def preview(self, user: User, draft: DeploymentDraft) -> Block:
        """Return the blocks that a task would have."""
        return self.planner.blocks(self._specify(self._accept(user, draft)))

    def create_task(self, user: User, draft: DeploymentDraft) -> Task:
        """Turn a deployment into a task; nothing is written to the repository before it runs."""
        deployment = self._accept(user, draft)
        specifications = self._specify(deployment)
        self._refuse_new_targets(user, specifications)
        task_type, title = _TASK_TYPES[deployment.kind]
        return self._task(user, specifications, task_type, title)

    def roll_back(self, user: User, task_id: str) -> Task:
        """Return a task that undoes what another one has done.

        Raises
        ------
        RefusedError
            The other task cannot be rolled back.
        """
        task = self.tasks.read(user, task_id)
        allowed = (TaskState.STOPPED, TaskState.EXECUTED, TaskState.FAILED, TaskState.ABORTED)
        if task.state not in allowed or not task.specifications:
            raise RefusedError(f"Task {task_id} cannot be rolled back in state {task.state}")
        touched = {
            deployed
            for _, step in task.block.all_steps()
            if step.state is not StepState.PENDING
            for deployed in step.deployeds
        }
        whole = task.state is TaskState.EXECUTED
        specifications = [
            _reversed(specification, touched if not whole else None)
            for specification in reversed(task.specifications)
        ]
        return self._task(user, specifications, "ROLLBACK", "Rollback of")

    def dictionary(
        self, user: User, environment: str, application: str | None, container: str | None
    ) -> dict[str, str]:
        """Entries that apply; encrypted ones are never shown (attested)."""
        item = self.repository.get(environment)
        self.permissions.require(user, READ, environment)
        ids = item.properties.get("dictionaries")
        dictionaries = [self.repository.get(ci_id) for ci_id in (ids if isinstance(ids, tuple) else ())]
        entries = effective_entries(dictionaries, application, container)
        return {name: "********" if isinstance(value, Secret) else value for name, value in entries.items()}

    def _accept(self, user: User, draft: DeploymentDraft) -> Deployment:
        deployment = accept(draft, self.repository)
        self._require(user, deployment)
        return deployment

    def _require(self, user: User, deployment: Deployment) -> None:
        self.permissions.require(user, _PERMISSIONS[deployment.kind], deployment.environment)
        if deployment.kind is not DeploymentKind.UNDEPLOYMENT:
            self.permissions.require(user, READ, deployment.version)

    def _limit_new_mappings(self, user: User, before: Deployment, after: Deployment) -> Deployment:
        """Return new mappings need ``deploy#initial`` (documented); what happens without it is a setting."""
        if self.permissions.has(user, DEPLOY_INITIAL, after.environment):
            return after
        known = {deployed.id for deployed in before.deployeds}
        kept = tuple(deployed for deployed in after.deployeds if deployed.id in known)
        if len(kept) < len(after.deployeds) and self.behaviour.upgrade_only_mapping == "refuse":
            raise PermissionDeniedError(DEPLOY_INITIAL, after.environment)
        return after.with_deployeds(kept)

    def _refuse_new_targets(self, user: User, specifications: Sequence[Specification]) -> None:
        for specification in specifications:
            if any(delta.operation is Operation.CREATE for delta in specification.deltas):
                self.permissions.require(user, DEPLOY_INITIAL, specification.environment)

    def _specify(self, deployment: Deployment) -> list[Specification]:
        return [self.planner.specify(found) for found in (*deployment.required, deployment)]

    def _task(self, user: User, specifications: Sequence[Specification], task_type: str, title: str) -> Task:
        main = specifications[-1]
        state = main.after or main.before
        application = name_of(main.application)
        task = Task(
            id=new_task_id(),
            description=f"{title} {application}",
            owner=user.name,
            metadata=self._metadata(main, task_type, state.version if state else ""),
            block=self.planner.blocks(specifications),
            specifications=tuple(specifications),
        )
        self.tasks.add(task)
        return task

    def _metadata(self, main: Specification, task_type: str, version: str) -> dict[str, str]:
        application_id = parent_of(version) or ""
        return {
            "taskType": task_type,
            "application": name_of(main.application),
            "version": name_of(version),
            "version_id": version,
            "environment": name_of(main.environment),
            "environment_id": main.environment,
            "environment_internal_id": self._internal_id(main.environment),
            "application_internal_id": self._internal_id(application_id),
            "worker_name": "In-process worker",
            "satellite_ids": "",
        }

    def _internal_id(self, ci_id: str) -> str:
        item = self.repository.find(ci_id)
        return str(item.internal_id) if item else ""


def _reversed(specification: Specification, touched: set[str] | None) -> Specification:
    """Return what undoes a deployment, or the part of it whose steps have begun.

    A task that did not finish has registered nothing, so its register step goes back to what is there.
    """
    deltas = tuple(
        delta.reversed()
        for delta in specification.deltas
        if touched is None or delta.subject.id in touched or delta.operation is Operation.NOOP
    )
    kind = DeploymentKind.UNDEPLOYMENT if specification.before is None else DeploymentKind.UPDATE
    return replace(
        specification,
        kind=kind,
        before=specification.after,
        after=specification.before,
        deltas=deltas,
    )
