"""Imports packages into the repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import AlreadyExistsError
from cdk_app.sandbox.deploy_server.packages.manifest import read_package
from cdk_app.sandbox.deploy_server.repository.artifacts import INTERNAL, scan
from cdk_app.sandbox.deploy_server.repository.model import Draft, ancestors_of
from cdk_app.sandbox.deploy_server.repository.transaction import Transaction
from cdk_app.sandbox.deploy_server.security.model import IMPORT_INITIAL, IMPORT_UPGRADE, User
from cdk_app.sandbox.deploy_server.types import Kind

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.packages.manifest import PackagedItem
    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem, Raw
    from cdk_app.sandbox.deploy_server.repository.service import RepositoryService
    from cdk_app.sandbox.deploy_server.security.permissions import Permissions

_ROOT = "Applications"


@dataclass(frozen=True, slots=True)
class PackageService:
    """What users may do with packages."""

    repository: RepositoryService
    permissions: Permissions

    def upload(self, user: User, archive: bytes) -> ConfigurationItem:
        """Import a package and return its version.

        A new application needs ``import#initial``, a further version ``import#upgrade`` (documented).

        Raises
        ------
        RefusedError
            The package is wrong.
        AlreadyExistsError
            The version is there already.
        """
        package = read_package(archive)
        store = self.repository.repository
        application = self._application_id(package.application)
        version = f"{application}/{package.version}"
        if version in store:
            raise AlreadyExistsError(version)
        permission = IMPORT_UPGRADE if application in store else IMPORT_INITIAL
        self.permissions.require(user, permission, application)
        transaction = Transaction(store, user.name)
        for directory in ancestors_of(application):
            if directory not in store:
                transaction.create(Draft(directory, "core.Directory", {}))
        if application not in store:
            transaction.create(Draft(application, "udm.Application", {}))
        transaction.create(self._draft(version, package.type, package.properties))
        for item in package.deployables:
            transaction.create(self._draft(f"{version}/{item.name}", item.type, self._properties(item)))
        transaction.commit()
        return store.get(version)

    def _application_id(self, name: str) -> str:
        """Return the application of this name wherever it is, or a new one below the root node."""
        if name.startswith(_ROOT + "/"):
            return name
        for item in self.repository.repository.of_type("udm.Application"):
            if item.id == f"{_ROOT}/{name}" or item.name == name:
                return item.id
        return f"{_ROOT}/{name}"

    def _properties(self, item: PackagedItem) -> dict[str, Raw]:
        properties = dict(item.properties)
        if item.content is not None:
            checksum = self.repository.artifacts.add(item.content.data)
            scans = properties.get("scanPlaceholders") not in (False, "false")
            properties["fileUri"] = INTERNAL + item.content.file_name
            properties.setdefault("checksum", checksum)
            properties["placeholders"] = [*(scan(item.content.data) if scans else ())]
        return properties

    def _draft(self, ci_id: str, type_name: str, properties: dict[str, Raw]) -> Draft:
        """Return a draft in which an empty element stands for an empty list or map."""
        known = self.repository.repository.types.get(type_name).properties
        empty: dict[Kind, Raw] = {kind: [] for kind in Kind if kind.is_collection}
        empty[Kind.MAP_STRING_STRING] = {}
        filled = {
            name: empty.get(known[name].kind, raw) if raw == "" and name in known else raw
            for name, raw in properties.items()
        }
        return Draft(ci_id, type_name, filled)
