"""Who may do what: roles, global permissions, local permissions on root nodes and directories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import EntityNotFoundError, PermissionDeniedError, RefusedError
from cdk_app.sandbox.deploy_server.repository.model import (
    DIRECTORY,
    ROOT_TYPE,
    ancestors_of,
    is_below,
    root_of,
)
from cdk_app.sandbox.deploy_server.security.model import (
    ADMIN,
    DEPLOY_INITIAL,
    DEPLOY_UPGRADE,
    GLOBAL_PERMISSIONS,
    LOCAL_PERMISSIONS,
    READ,
    Role,
    User,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.deploy_server.repository.change import Change
    from cdk_app.sandbox.deploy_server.repository.store import Repository


class Permissions:
    """Grants, and the rules that follow from them.

    The lowest directory with any local permission replaces everything from above, and every directory
    with permissions above it must still give ``read`` (documented, and attested by integration tests).

    Parameters
    ----------
    repository
        Tells which items are directories.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.roles: dict[str, Role] = {}
        self.local: dict[str, dict[str, set[str]]] = {}
        repository.listeners.append(self._follow)

    def roles_of(self, user: User) -> list[Role]:
        """Roles that a user has."""
        return [role for role in self.roles.values() if user.name in role.principals]

    def is_admin(self, user: User) -> bool:
        """Whether a user may do everything."""
        return user.name == ADMIN or any(ADMIN in role.permissions for role in self.roles_of(user))

    def has_global(self, user: User, permission: str) -> bool:
        """Whether a user has a global permission."""
        return self.is_admin(user) or any(permission in role.permissions for role in self.roles_of(user))

    def has(self, user: User, permission: str, ci_id: str) -> bool:
        """Whether a user has a local permission on an item."""
        return self.is_admin(user) or self._has_local(self._role_names(user), permission, ci_id)

    def readable(self, user: User) -> Callable[[str], bool]:
        """Test for whether a user may read items, faster than `has` for many of them."""
        if self.is_admin(user):
            return lambda _: True
        roles = self._role_names(user)
        known: dict[str, bool] = {}

        def test(ci_id: str) -> bool:
            secured = self._secured(ci_id)
            key = secured[-1] if secured else ""
            if key not in known:
                known[key] = bool(secured) and self._has_local(roles, READ, ci_id)
            return known[key]

        return test

    def require_global(self, user: User, permission: str) -> None:
        """Refuse a user without a global permission.

        Raises
        ------
        PermissionDeniedError
            The user has it not.
        """
        if not self.has_global(user, permission):
            raise PermissionDeniedError(permission)

    def require(self, user: User, permission: str, ci_id: str) -> None:
        """Refuse a user without a local permission on an item.

        Raises
        ------
        PermissionDeniedError
            The user has it not.
        """
        if not self.has(user, permission, ci_id):
            raise PermissionDeniedError(permission, ci_id)

    def grant(self, permission: str, role_name: str, ci_id: str | None = None) -> None:
        """Give a role a permission, locally if an item is named.

        Raises
        ------
        EntityNotFoundError
            There is no such role or item.
        RefusedError
            There is no such permission, or not on this item.
        """
        role = self._role(role_name)
        if ci_id is None:
            if permission not in GLOBAL_PERMISSIONS:
                raise RefusedError(f"Permission {permission} is not a global permission")
            role.permissions.add(permission)
            return
        self._check_local(permission, ci_id)
        self.local.setdefault(ci_id, {}).setdefault(role_name, set()).add(permission)

    def revoke(self, permission: str, role_name: str, ci_id: str | None = None) -> None:
        """Take a permission from a role; taking the last one from an item restores inheritance.

        Raises
        ------
        EntityNotFoundError
            There is no such role.
        """
        role = self._role(role_name)
        if ci_id is None:
            role.permissions.discard(permission)
            return
        granted = self.local.get(ci_id, {})
        granted.get(role_name, set()).discard(permission)
        self.local[ci_id] = {name: found for name, found in granted.items() if found}
        if not self.local[ci_id]:
            del self.local[ci_id]

    def is_granted(self, permission: str, role_name: str, ci_id: str | None = None) -> bool:
        """Whether a role has a permission, without inheritance."""
        if ci_id is None:
            return role_name in self.roles and permission in self.roles[role_name].permissions
        return permission in self.local.get(ci_id, {}).get(role_name, set())

    def remove_role(self, role_name: str) -> None:
        """Delete a role with all its permissions."""
        self.roles.pop(role_name, None)
        for ci_id in list(self.local):
            self.local[ci_id].pop(role_name, None)
            if not self.local[ci_id]:
                del self.local[ci_id]

    def rename_role(self, role_name: str, new_name: str) -> None:
        """Give a role another name.

        Raises
        ------
        EntityNotFoundError
            There is no such role.
        """
        role = self._role(role_name)
        del self.roles[role_name]
        role.name = new_name
        self.roles[new_name] = role
        for granted in self.local.values():
            if role_name in granted:
                granted[new_name] = granted.pop(role_name)

    def _follow(self, change: Change) -> None:
        """Keep local permissions with their directories."""
        for old in change.removed:
            granted = self.local.pop(old, None)
            if granted is not None and old in change.moved:
                self.local[change.moved[old]] = granted

    def _role(self, name: str) -> Role:
        role = self.roles.get(name)
        if role is None:
            raise EntityNotFoundError(name)
        return role

    def _role_names(self, user: User) -> frozenset[str]:
        return frozenset(role.name for role in self.roles_of(user))

    def _secured(self, ci_id: str) -> list[str]:
        return [node for node in (*ancestors_of(ci_id), ci_id) if node in self.local]

    def _has_local(self, roles: frozenset[str], permission: str, ci_id: str) -> bool:
        secured = self._secured(ci_id)
        if not secured:
            return False
        wanted = {permission}
        if permission == READ and root_of(ci_id) == "Environments":
            # The right to deploy makes the environment readable (attested).
            wanted |= {DEPLOY_INITIAL, DEPLOY_UPGRADE}
        return self._gives(roles, secured[-1], wanted) and all(
            self._gives(roles, node, {READ}) for node in secured[:-1]
        )

    def _gives(self, roles: frozenset[str], node: str, wanted: set[str]) -> bool:
        return any(wanted & granted for name, granted in self.local[node].items() if name in roles)

    def _check_local(self, permission: str, ci_id: str) -> None:
        if permission not in LOCAL_PERMISSIONS:
            raise RefusedError(f"Permission {permission} cannot be granted on [{ci_id}]")
        item = self._repository.get(ci_id)
        if item.type not in (ROOT_TYPE, DIRECTORY):
            raise RefusedError(
                f"Permissions can be granted on root nodes and directories only, not on [{ci_id}]"
            )
        root = LOCAL_PERMISSIONS[permission]
        if root is not None and not is_below(ci_id, root):
            raise RefusedError(f"Permission {permission} cannot be granted on [{ci_id}], only under {root}")
