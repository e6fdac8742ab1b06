"""Puts the parts of a server together; nothing here knows about HTTP."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.deployment.planning import Planner
from cdk_app.sandbox.deploy_server.deployment.prepare import Preparer
from cdk_app.sandbox.deploy_server.deployment.service import DeploymentService
from cdk_app.sandbox.deploy_server.execution.executor import Executor
from cdk_app.sandbox.deploy_server.packages.service import PackageService
from cdk_app.sandbox.deploy_server.persistence.database import Database
from cdk_app.sandbox.deploy_server.persistence.resume import keep_all, resume
from cdk_app.sandbox.deploy_server.repository.artifacts import ArtifactStore
from cdk_app.sandbox.deploy_server.repository.cipher import Cipher
from cdk_app.sandbox.deploy_server.repository.service import RepositoryService
from cdk_app.sandbox.deploy_server.repository.store import Repository
from cdk_app.sandbox.deploy_server.repository.validation import Validator
from cdk_app.sandbox.deploy_server.security.accounts import Accounts
from cdk_app.sandbox.deploy_server.security.model import ADMIN, LOGIN, Role
from cdk_app.sandbox.deploy_server.security.permissions import Permissions
from cdk_app.sandbox.deploy_server.security.service import SecurityService
from cdk_app.sandbox.deploy_server.tasks.control import ControlService
from cdk_app.sandbox.deploy_server.tasks.engine import TaskEngine
from cdk_app.sandbox.deploy_server.tasks.keeping import MemoryOnly
from cdk_app.sandbox.deploy_server.tasks.locks import Locks, release
from cdk_app.sandbox.deploy_server.tasks.service import TaskService
from cdk_app.sandbox.deploy_server.testing import Faults, Journal
from cdk_app.sandbox.deploy_server.testing.steps import FaultyExecutor
from cdk_app.sandbox.deploy_server.types import TypeRegistry, load_types

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.remoting import Network
    from cdk_app.sandbox.deploy_server.settings import Behaviour, ServerSettings


@dataclass(frozen=True, slots=True)
class Deploy:
    """A server without its wire.

    Attributes
    ----------
    scratch
        Where steps on this machine run; gone with the server.
    """

    types: TypeRegistry
    cipher: Cipher
    accounts: Accounts
    permissions: Permissions
    repository: RepositoryService
    deployments: DeploymentService
    tasks: TaskService
    controls: ControlService
    packages: PackageService
    security: SecurityService
    behaviour: Behaviour
    faults: Faults
    journal: Journal
    database: Database | None
    scratch: tempfile.TemporaryDirectory[str]


def now() -> datetime:
    """Return the time, as the server writes it."""
    return datetime.now(UTC)


def compose(settings: ServerSettings, network: Network) -> Deploy:
    """Build a server with its first users.

    Raises
    ------
    SyntheticError, FileNotFoundError
        A plugin's types are wrong or missing.
    """
    behaviour = settings.behaviour
    types = load_types(settings.plugins)
    data = settings.data_directory
    database = Database(data) if data is not None else None
    cipher = database.cipher if database is not None else Cipher()
    validator = Validator(types, cipher, refuse_unknown_properties=behaviour.unknown_properties == "refuse")
    store = Repository(types, validator, now)
    artifacts = ArtifactStore(None if data is None else data / "artifacts")
    permissions = Permissions(store)
    scratch = tempfile.TemporaryDirectory(prefix="deploy-stand-in-")
    faults = Faults()
    keeper = database if database is not None else MemoryOnly()
    locks = Locks()
    executor = Executor(store, artifacts, network, behaviour, Path(scratch.name), locks)
    engine = TaskEngine(
        FaultyExecutor(executor, faults), behaviour, now, keeper, lambda task: release(locks, task, behaviour)
    )
    tasks = TaskService(engine, store, permissions, behaviour, now, keeper)
    repository = RepositoryService(store, artifacts, permissions, behaviour)
    deployments = DeploymentService(
        store, Preparer(store, behaviour), Planner(store, artifacts, behaviour), tasks, permissions, behaviour
    )
    accounts = Accounts()
    _first_users(settings, accounts, permissions)
    security = SecurityService(accounts, permissions)
    if database is not None:
        resume(database, store, tasks, accounts, permissions)
        security = replace(security, changed=keep_all(database, store, accounts, permissions))
    return Deploy(
        types=types,
        cipher=cipher,
        accounts=accounts,
        permissions=permissions,
        repository=repository,
        deployments=deployments,
        tasks=tasks,
        controls=ControlService(repository, permissions, tasks),
        packages=PackageService(repository, permissions),
        security=security,
        behaviour=behaviour,
        faults=faults,
        journal=Journal(),
        database=database,
        scratch=scratch,
    )


def _first_users(settings: ServerSettings, accounts: Accounts, permissions: Permissions) -> None:
    accounts.add(ADMIN, settings.admin_password)
    for user in settings.users:
        accounts.add(user.name, user.password)
        role = permissions.roles.setdefault(user.name, Role(user.name))
        role.principals.add(user.name)
        role.permissions.add(ADMIN if user.admin else LOGIN)
