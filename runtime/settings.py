"""The functions' environment, checked as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SettingsError(Exception):
    """The environment lacks variables; the text names all of them."""


def _read(environ: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise SettingsError(f"environment variables are missing: {', '.join(missing)}")
    return {name: environ[name] for name in names}


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How to reach Deploy: address, secret with the credentials, CA bundle and proxy if there are any."""

    url: str
    credentials: str
    ca_bundle: str | None = None
    proxy: str | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> ServerSettings:
        """Return the settings in an environment."""
        values = _read(environ, ("DEPLOY_URL", "DEPLOY_CREDENTIALS"))
        return cls(
            values["DEPLOY_URL"],
            values["DEPLOY_CREDENTIALS"],
            environ.get("DEPLOY_CA_BUNDLE") or None,
            environ.get("DEPLOY_PROXY") or None,
        )


@dataclass(frozen=True, slots=True)
class ReconcilerSettings:
    """Where the reconciler finds the groups, the queue and, if there is one, the ledger."""

    groups_prefix: str
    queue_url: str
    ledger_table: str | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> ReconcilerSettings:
        """Return the settings in an environment."""
        values = _read(environ, ("DEPLOY_URL", "DEPLOY_CREDENTIALS", "GROUPS_PREFIX", "QUEUE_URL"))
        return cls(values["GROUPS_PREFIX"], values["QUEUE_URL"], environ.get("LEDGER_TABLE") or None)


@dataclass(frozen=True, slots=True)
class SeederSettings:
    """Where the seeder keeps its records."""

    records_prefix: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> SeederSettings:
        """Return the settings in an environment."""
        values = _read(environ, ("DEPLOY_URL", "DEPLOY_CREDENTIALS", "RECORDS_PREFIX"))
        return cls(values["RECORDS_PREFIX"])
