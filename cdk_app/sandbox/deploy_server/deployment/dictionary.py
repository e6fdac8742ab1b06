"""Placeholders ``{{name}}`` and the dictionaries that give them values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.repository.model import Secret
from cdk_app.sandbox.deploy_server.repository.placeholders import replace_placeholders

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem

_MAX_DEPTH = 16


def effective_entries(
    dictionaries: Iterable[ConfigurationItem], application: str | None, container: str | None
) -> dict[str, str | Secret]:
    """Entries that apply to an application on a container.

    The first dictionary that has a name wins. A dictionary that is restricted to applications or
    containers applies to those only. Values may hold placeholders themselves.

    Parameters
    ----------
    dictionaries
        In the order of the environment.
    application, container
        Ids; ``None`` leaves restricted dictionaries out.
    """
    entries: dict[str, str | Secret] = {}
    for dictionary in dictionaries:
        if not _applies(dictionary, "restrictToApplications", application):
            continue
        if not _applies(dictionary, "restrictToContainers", container):
            continue
        for name in ("entries", "encryptedEntries"):
            values = dictionary.properties.get(name)
            if isinstance(values, dict):
                for key, value in values.items():
                    entries.setdefault(key, value)
    return entries


def _applies(dictionary: ConfigurationItem, restriction: str, ci_id: str | None) -> bool:
    allowed = dictionary.properties.get(restriction)
    return not allowed or (isinstance(allowed, tuple) and ci_id in allowed)


def resolve(text: str, entries: Mapping[str, str | Secret], missing: set[str], depth: int = 0) -> str:
    """Return a text with its placeholders replaced by what is not secret.

    Names without a value, with an encrypted one or with a value that refers to itself are added to
    ``missing`` and stay in the text.
    """

    def value_of(name: str) -> str | None:
        value = entries.get(name)
        if not isinstance(value, str) or depth >= _MAX_DEPTH:
            missing.add(name)
            return None
        return resolve(value, entries, missing, depth + 1)

    return replace_placeholders(text, value_of)


def resolve_secret(text: str, entries: Mapping[str, str | Secret], missing: set[str]) -> Secret:
    """Return the same for a password property, where encrypted entries are allowed."""
    clear = {name: value.clear if isinstance(value, Secret) else value for name, value in entries.items()}
    return Secret(resolve(text, clear, missing))
