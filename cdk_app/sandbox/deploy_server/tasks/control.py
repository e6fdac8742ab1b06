"""Control tasks: operations that types offer besides being deployed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import PermissionDeniedError, RefusedError
from cdk_app.sandbox.deploy_server.execution.actions import CheckConnection
from cdk_app.sandbox.deploy_server.security.model import CONTROL_TASK, User
from cdk_app.sandbox.deploy_server.tasks.model import Block, Step, Task
from cdk_app.sandbox.deploy_server.tasks.service import new_task_id

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem
    from cdk_app.sandbox.deploy_server.repository.service import RepositoryService
    from cdk_app.sandbox.deploy_server.security.permissions import Permissions
    from cdk_app.sandbox.deploy_server.tasks.service import TaskService

_ORDER = 50
_ACTIONS = {"checkConnection": CheckConnection}


@dataclass(frozen=True, slots=True)
class Control:
    """An operation on an item, ready to become a task."""

    name: str
    label: str
    item: ConfigurationItem


@dataclass(frozen=True, slots=True)
class ControlService:
    """What users may do with control tasks."""

    repository: RepositoryService
    permissions: Permissions
    tasks: TaskService

    def prepare(self, user: User, name: str, ci_id: str) -> Control:
        """Return an operation on an item.

        Raises
        ------
        EntityNotFoundError, PermissionDeniedError
            The item is missing, or the user may not read it or run control tasks on it.
        RefusedError
            The type has no such operation, or the stand-in does not carry it out.
        """
        item = self.repository.read(user, ci_id)
        if not (
            self.permissions.has_global(user, CONTROL_TASK) or self.permissions.has(user, CONTROL_TASK, ci_id)
        ):
            raise PermissionDeniedError(CONTROL_TASK, ci_id)
        offered = self.repository.repository.types.get(item.type).control_tasks
        found = next((task for task in offered if task.name == name), None)
        if found is None:
            raise RefusedError(f"Type {item.type} has no control task {name}")
        if name not in _ACTIONS:
            raise RefusedError(f"Control task {item.type}.{name} is not carried out here")
        return Control(name, found.label, item)

    def create_task(self, user: User, name: str, ci_id: str) -> Task:
        """Turn an operation into a task; its steps are in block ``0_1_1``, as those of a deployment."""
        control = self.prepare(user, name, ci_id)
        title = f"{control.label} on {ci_id}"
        work = Block("0_1_1", title, steps=[Step(title, _ORDER, _ACTIONS[name](ci_id))])
        root = Block("0", "", blocks=[Block("0_1", "Control task", phase=True, blocks=[work])])
        metadata = {"taskType": "CONTROL", "controlTask": name, "controllable_id": ci_id}
        task = Task(new_task_id(), title, user.name, metadata, root)
        self.tasks.add(task)
        return task
