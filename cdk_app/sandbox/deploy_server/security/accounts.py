"""Who may log in: users with passwords and personal access tokens."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import AlreadyExistsError, EntityNotFoundError
from cdk_app.sandbox.deploy_server.repository.model import Secret
from cdk_app.sandbox.deploy_server.security.model import User

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TOKEN_PREFIX = "dpa_"  # noqa: S105 - the documented prefix, not a token


class Accounts:
    """Users known to the server itself."""

    def __init__(self) -> None:
        self._passwords: dict[str, Secret] = {}
        self._tokens: dict[str, str] = {}

    @property
    def names(self) -> list[str]:
        """Names of all users."""
        return list(self._passwords)

    def add(self, name: str, password: str) -> None:
        """Create a user.

        Raises
        ------
        AlreadyExistsError
            The name is taken.
        """
        if name in self._passwords:
            raise AlreadyExistsError(name)
        self._passwords[name] = Secret(password)

    def change_password(self, name: str, password: str) -> None:
        """Give a user another password.

        Raises
        ------
        EntityNotFoundError
            There is no such user.
        """
        if name not in self._passwords:
            raise EntityNotFoundError(name)
        self._passwords[name] = Secret(password)

    def remove(self, name: str) -> None:
        """Delete a user and all tokens of the user."""
        self._passwords.pop(name, None)
        self._tokens = {token: owner for token, owner in self._tokens.items() if owner != name}

    def issue_token(self, name: str) -> str:
        """Return a new personal access token of a user.

        Raises
        ------
        EntityNotFoundError
            There is no such user.
        """
        if name not in self._passwords:
            raise EntityNotFoundError(name)
        token = _TOKEN_PREFIX + secrets.token_urlsafe(24)
        self._tokens[token] = name
        return token

    def authenticate(self, name: str, password: str) -> User | None:
        """Return the user behind basic credentials; an empty name means that the password is a token."""
        if not name:
            owner = self._tokens.get(password)
            return User(owner) if owner else None
        known = self._passwords.get(name)
        if known is None or not hmac.compare_digest(known.clear.encode(), password.encode()):
            return None
        return User(name)

    def dump(self) -> dict[str, list[tuple[str, Secret]]]:
        """Return everything, for a restart: names with passwords, and with tokens."""
        return {
            "passwords": list(self._passwords.items()),
            "tokens": [(owner, Secret(token)) for token, owner in self._tokens.items()],
        }

    def restore(self, dumped: Mapping[str, Sequence[tuple[str, Secret]]]) -> None:
        """Take over the users of an earlier run; a password of this run wins."""
        self._passwords = {**dict(dumped["passwords"]), **self._passwords}
        self._tokens.update({token.clear: owner for owner, token in dumped["tokens"]})
