"""Looks at a server before anything is written: what stands in the way is said at once, and all of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runtime.deploy.errors import Forbidden, Missing, Refused
from runtime.deploy.metadata import masked
from runtime.seeding.errors import SeedError, seed_error
from runtime.seeding.model import DIRECTORY, ROOTS, directories
from runtime.seeding.values import same, typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.deploy.items import CI
    from runtime.deploy.metadata import Property
    from runtime.reconciliation.ports import DeployPort, SecretsPort
    from runtime.seeding.model import Item
    from runtime.seeding.report import Report

OLDEST = (22, 1)
"""Oldest version of Deploy that this package is made for."""

_SEEDING = ("read", "repo#edit")
_DEPLOYING = ("deploy#upgrade", "deploy#initial", "task#skip_step")
"""Without ``deploy#initial`` an update never reaches new hosts."""

_PRIVATE_KEY = "install the plugin of this package in Deploy, or log in by KeyFile or CredentialsItem"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item that the server can have.

    Attributes
    ----------
    id, type : str
        The CI.
    owned : dict
        Values of the properties that we own.
    secrets : frozenset of str
        Those of them that are secret.
    cleared : frozenset of str
        Secret properties of ours that have no value any more.
    known : dict
        Properties of the type.
    current : dict or None
        The CI as it is.
    """

    id: str
    type: str
    owned: dict[str, Any]
    secrets: frozenset[str]
    cleared: frozenset[str]
    known: dict[str, Property]
    current: CI | None

    def differing(self, found: CI) -> dict[str, Any]:
        """Return the values to write into a CI; a secret cannot be compared, so it always is one of them."""
        return {
            name: value
            for name, value in self.owned.items()
            if name in self.secrets or not same(value, found.get(name))
        }

    def masked(self, found: CI) -> list[str]:
        """Return the names of others' secrets that read as asterisks, and would be written back as such."""
        return sorted(masked(found, self.known) - self.secrets - self.cleared)


class Inspection:
    """One look at a server.

    Parameters
    ----------
    deploy, secrets
        The server, and where secret values are kept.
    report
        Gets what is left out, what is lacking, and notes.
    """

    def __init__(self, deploy: DeployPort, secrets: SecretsPort, report: Report) -> None:
        self._deploy, self._secrets, self._report = deploy, secrets, report
        self._problems: list[str] = []
        self._standing: dict[str, bool] = {}

    def run(self, items: Sequence[Item]) -> list[Wanted]:
        """Return the items that the server can have.

        Raises
        ------
        SeedError
            Something stands in the way; the text names all of it.
        """
        self._look_at_version()
        chosen = self._chosen(items)
        wanted = [found for item in chosen if (found := self._wanted(item)) is not None]
        self._look_at_permissions(wanted)
        if self._problems:
            raise SeedError("; ".join(dict.fromkeys(self._problems)))
        return wanted

    def _look_at_version(self) -> None:
        oldest = ".".join(map(str, OLDEST))
        try:
            version = self._deploy.server.version()
        except (Missing, Refused) as error:
            if error.status is None or error.status < 500:
                raise
            version = None
        numbers = re.match(r"(\d+)\.(\d+)", version or "")
        if numbers is None:
            self._report.notes.append(f"Deploy does not tell its version; {oldest} is the oldest supported")
        elif (int(numbers[1]), int(numbers[2])) < OLDEST:
            self._report.notes.append(
                f"Deploy {version} is older than {oldest}, the oldest supported: update it"
            )

    def _chosen(self, items: Sequence[Item]) -> list[Item]:
        """Return each item, or its alternative, that the server has the type for."""
        chosen, missing = [], []
        for item in items:
            fitting: Item | None = item
            while fitting is not None and self._deploy.metadata.properties(fitting.type) is None:
                if fitting.otherwise is None:
                    if fitting.optional is None:
                        missing.append(f"{fitting.type} (for {fitting.id})")
                    else:
                        self._report.skipped.append(
                            f"{fitting.id} ({fitting.type} comes with {fitting.optional})"
                        )
                fitting = fitting.otherwise
            if fitting is not None:
                chosen.append(fitting)
        if missing:
            self._problems.append(
                f"the Deploy server does not have the type {', '.join(missing)}: install the plugins that "
                "bring them"
            )
        return chosen

    def _wanted(self, item: Item) -> Wanted | None:
        known = self._deploy.metadata.properties(item.type) or {}
        usable = {name for name, prop in known.items() if not prop.hidden}
        if missing := sorted((item.properties.keys() | item.secrets.keys()) - usable):
            advice = _PRIVATE_KEY if "privateKey" in missing else "a plugin may bring it; or do not set it"
            self._problems.append(
                f"the Deploy server's {item.type} has no property {', '.join(missing)}: {advice}"
            )
            return None
        owned: dict[str, Any] = {}
        for name, value in item.properties.items():
            try:
                owned[name] = typed(value, known[name])
            except ValueError as expected:
                self._problems.append(f"{name} of {item.id}: got {value!r}, expected {expected}")
        for name, source in item.secrets.items():
            if secret := self._secrets.value(source):
                self._deploy.protect(secret)
                owned[name] = secret
        current = self._current(item)
        return Wanted(
            item.id,
            item.type,
            owned,
            frozenset(name for name in owned if known[name].password),
            frozenset(item.secrets.keys() - owned.keys()),
            known,
            current,
        )

    def _current(self, item: Item) -> CI | None:
        if item.id in ROOTS:
            return {"id": item.id, "type": item.type}
        try:
            current = self._deploy.repository.read(item.id)
        except Forbidden as error:
            # The permissions that are lacking tell more; and if none is, at least Deploy's own words.
            self._unreadable = str(seed_error(error))
            return None
        if current is not None and current.get("type") != item.type:
            self._problems.append(
                f"{item.id} exists already as {current.get('type')}, expected {item.type}: move it, or have "
                "another id"
            )
        if item.type == DIRECTORY:
            self._standing[item.id] = current is not None
        return current

    def _look_at_permissions(self, wanted: Sequence[Wanted]) -> None:
        """Find all that is lacking: what seeding needs stands in its way, the rest is reported."""
        places: dict[str, bool] = {}
        for each in wanted:
            place = self._place(each)
            writes = each.current is None or bool(each.differing(each.current) or each.cleared)
            places[place] = places.get(place, False) or writes
        lacking, needed = [], False
        for place, writes in places.items():
            deploying = _DEPLOYING if place.partition("/")[0] == "Environments" else ()
            names = [
                name for name in (*_SEEDING, *deploying) if not self._deploy.security.allows(name, place)
            ]
            needed = needed or "read" in names or (writes and "repo#edit" in names)
            if names:
                lacking.append(f"{', '.join(names)} on {place}")
        if not self._deploy.security.allows("task#view"):
            lacking.append("task#view (global)")
        if needed:
            self._problems.append(
                f"the Deploy account lacks {'; '.join(lacking)}: grant them to a role of the account"
            )
        elif self._unreadable is not None:
            self._problems.append(self._unreadable)
        self._report.lacking += lacking

    _unreadable: str | None = None

    def _place(self, wanted: Wanted) -> str:
        """Return the directory whose permissions decide: the CI's, or the next one above that is there."""
        if wanted.type == DIRECTORY and (wanted.id in ROOTS or wanted.current is not None):
            return wanted.id
        root, *below = directories(wanted.id)
        for directory in reversed(below):
            if directory not in self._standing:
                self._standing[directory] = self._deploy.repository.exists(directory)
            if self._standing[directory]:
                return directory
        return root
