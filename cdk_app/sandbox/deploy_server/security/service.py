"""Security calls with their permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import AlreadyExistsError, EntityNotFoundError, RefusedError
from cdk_app.sandbox.deploy_server.security.model import ADMIN, SECURITY_EDIT, SECURITY_VIEW, Role, User

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.deploy_server.security.accounts import Accounts
    from cdk_app.sandbox.deploy_server.security.permissions import Permissions

GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class SecurityService:
    """What users may do with users, roles and permissions.

    Attributes
    ----------
    changed
        Called after each change.
    """

    accounts: Accounts
    permissions: Permissions
    changed: Callable[[], None] = lambda: None

    def users(self, user: User) -> list[str]:
        """Return the names of all users."""
        self._may_see(user)
        return self.accounts.names

    def find_user(self, user: User, name: str) -> User:
        """Return a user.

        Raises
        ------
        EntityNotFoundError
            There is none of this name.
        """
        self._may_see(user)
        if name not in self.accounts.names:
            raise EntityNotFoundError(name)
        return User(name)

    def create_user(self, user: User, name: str, password: str) -> User:
        """Create a user, who may do nothing yet."""
        self._may_edit(user)
        self.accounts.add(name, password)
        self.changed()
        return User(name)

    def change_password(self, user: User, name: str, password: str) -> None:
        """Give a user another password; everybody may change the own one."""
        if user.name != name:
            self._may_edit(user)
        self.accounts.change_password(name, password)
        self.changed()

    def delete_user(self, user: User, name: str) -> None:
        """Delete a user.

        Raises
        ------
        RefusedError
            It is the built-in administrator.
        """
        self._may_edit(user)
        if name == ADMIN:
            raise RefusedError("The user admin cannot be deleted")
        self.accounts.remove(name)
        self.changed()

    def issue_token(self, name: str) -> str:
        """Return a new personal access token of a user; the real server does this in its user interface only.

        Raises
        ------
        EntityNotFoundError
            There is no such user.
        """
        token = self.accounts.issue_token(name)
        self.changed()
        return token

    def roles(self, user: User) -> list[str]:
        """Return the names of all roles."""
        self._may_see(user)
        return list(self.permissions.roles)

    def roles_of(self, user: User, name: str) -> list[str]:
        """Return the names of the roles that a user has; everybody may see the own ones."""
        if user.name != name:
            self._may_see(user)
        return [role.name for role in self.permissions.roles_of(User(name))]

    def create_role(self, user: User, name: str) -> None:
        """Create a role, if it is not there."""
        self._may_edit(user)
        self.permissions.roles.setdefault(name, Role(name))
        self.changed()

    def rename_role(self, user: User, name: str, new_name: str) -> None:
        """Give a role another name.

        Raises
        ------
        AlreadyExistsError
            Another role has it.
        """
        self._may_edit(user)
        if new_name in self.permissions.roles:
            raise AlreadyExistsError(new_name)
        self.permissions.rename_role(name, new_name)
        self.changed()

    def delete_role(self, user: User, name: str) -> None:
        """Delete a role with its permissions."""
        self._may_edit(user)
        self.permissions.remove_role(name)
        self.changed()

    def assign_role(self, user: User, name: str, principal: str) -> None:
        """Give a role to a user, and create the role if it is not there."""
        self.create_role(user, name)
        self.permissions.roles[name].principals.add(principal)
        self.changed()

    def unassign_role(self, user: User, name: str, principal: str) -> None:
        """Take a role from a user."""
        self._may_edit(user)
        role = self.permissions.roles.get(name)
        if role is None:
            raise EntityNotFoundError(name)
        role.principals.discard(principal)
        self.changed()

    def is_granted(self, user: User, permission: str, role: str, ci_id: str) -> bool:
        """Whether a role has a permission, without inheritance."""
        self._may_see(user)
        return self.permissions.is_granted(permission, role, _local(ci_id))

    def grant(self, user: User, permission: str, role: str, ci_id: str) -> None:
        """Give a role a permission."""
        self._may_edit(user)
        self.permissions.grant(permission, role, _local(ci_id))
        self.changed()

    def revoke(self, user: User, permission: str, role: str, ci_id: str) -> None:
        """Take a permission from a role."""
        self._may_edit(user)
        self.permissions.revoke(permission, role, _local(ci_id))
        self.changed()

    def check(self, user: User, permission: str, ci_id: str) -> bool:
        """Whether the user has a permission on an item, or globally."""
        local = _local(ci_id)
        if local is None:
            return self.permissions.has_global(user, permission)
        return self.permissions.has(user, permission, local)

    def granted(self, user: User, role: str | None) -> dict[str, list[str]]:
        """Return permissions by item, of a role or of all roles of the user."""
        if role is None:
            roles = {found.name for found in self.permissions.roles_of(user)}
        else:
            self._may_see(user)
            roles = {role}
        found: dict[str, set[str]] = {}
        for name in roles & set(self.permissions.roles):
            found.setdefault(GLOBAL, set()).update(self.permissions.roles[name].permissions)
        for ci_id, granted in self.permissions.local.items():
            for name in roles & set(granted):
                found.setdefault(ci_id, set()).update(granted[name])
        return {ci_id: sorted(names) for ci_id, names in found.items() if names}

    def _may_edit(self, user: User) -> None:
        self.permissions.require_global(user, SECURITY_EDIT)

    def _may_see(self, user: User) -> None:
        if not self.permissions.has_global(user, SECURITY_VIEW):
            self._may_edit(user)


def _local(ci_id: str) -> str | None:
    return None if ci_id in ("", GLOBAL) else ci_id
