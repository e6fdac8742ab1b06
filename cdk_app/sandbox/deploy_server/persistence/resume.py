"""Takes over what an earlier run of a server has kept, and keeps what this one changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.tasks.transitions import interrupt

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.deploy_server.persistence.database import Database
    from cdk_app.sandbox.deploy_server.repository.change import Change
    from cdk_app.sandbox.deploy_server.repository.store import Repository
    from cdk_app.sandbox.deploy_server.security.accounts import Accounts
    from cdk_app.sandbox.deploy_server.security.permissions import Permissions
    from cdk_app.sandbox.deploy_server.tasks.service import TaskService


def resume(
    database: Database, store: Repository, tasks: TaskService, accounts: Accounts, permissions: Permissions
) -> None:
    """Load everything; a task that was running has failed (documented)."""
    store.restore(database.items())
    for task in database.tasks():
        if interrupt(task, store.clock()):
            database.keep_task(task)
        tasks.tasks[task.id] = task
    kept = database.security()
    if kept:
        accounts.restore(kept["accounts"])
        permissions.roles.update(kept["roles"])
        permissions.local.update(kept["local"])


def keep_all(
    database: Database, store: Repository, accounts: Accounts, permissions: Permissions
) -> Callable[[], None]:
    """Keep every write to the repository, and return what keeps users, roles and permissions."""

    def keep_security() -> None:
        database.keep_security(
            {"accounts": accounts.dump(), "roles": dict(permissions.roles), "local": dict(permissions.local)}
        )

    def keep_change(change: Change) -> None:
        database.keep_change(change)
        if change.removed:
            # Local permissions have gone or moved with their directories.
            keep_security()

    store.listeners.append(keep_change)
    keep_security()
    return keep_security
