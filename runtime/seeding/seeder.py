"""Creates CIs that a stack needs, keeps the properties it owns, removes only what it has created."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from runtime.deploy.errors import DeployError, Refused
from runtime.deploy.items import CI, references
from runtime.seeding.errors import SeedError, seed_error
from runtime.seeding.values import same, typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.deploy.metadata import Property
    from runtime.reconciliation.ports import DeployPort, SecretsPort
    from runtime.seeding.model import Item, SeedRequest

_ROOTS = frozenset({"Applications", "Configuration", "Environments", "Infrastructure"})
_DIRECTORY = "core.Directory"
_INSTANCE = re.compile(r"i-[0-9a-f]+")
_NEEDED = {
    "udm.Environment": ("read", "repo#edit", "deploy#upgrade", "deploy#initial", "task#skip_step"),
    _DIRECTORY: ("read", "repo#edit"),
}
"""Permissions on the directory around a CI; without ``deploy#initial`` an update never reaches new hosts."""


class RecordsPort(Protocol):
    """What was created: `runtime.seeding.records.Records`."""

    def read(self, name: str) -> list[str]:
        """Return the ids recorded under a name."""

    def write(self, name: str, ids: Sequence[str]) -> None:
        """Record ids under a name."""

    def delete(self, name: str) -> None:
        """Forget a name."""


@dataclass(slots=True)
class Report:
    """What was done, by CI id; `skipped` and `retained` with the reason; `lacking` permissions."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    retained: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)


class Seeder:
    """Seeds one Deploy server.

    Parameters
    ----------
    deploy, secrets, records
        The server, where secret values are kept, where it is kept what was created.
    """

    def __init__(self, deploy: DeployPort, secrets: SecretsPort, records: RecordsPort) -> None:
        self._deploy, self._secrets, self._records = deploy, secrets, records

    def apply(self, request: SeedRequest) -> Report:
        """Create what is missing and bring the owned properties of the rest in line.

        Every CI is recorded before it is created: whatever happens then, it is known to be ours.

        Raises
        ------
        SeedError
            With one line for the person who deploys.
        """
        report = Report()
        try:
            for item in request.items:
                chosen = self._chosen(item, report)
                if chosen is not None:
                    self._ensure(request.name, chosen, report)
                    self._check_permissions(chosen, report)
        except DeployError as error:
            raise seed_error(error) from None
        return report

    def remove(self, request: SeedRequest) -> Report:
        """Remove what was created for a resource, children first; what is in use stays, and is named.

        Nothing keeps the stack from going: of a server that cannot be used, everything is named as retained.
        What stays remains on record, so it is still ours for a stack of the same name.
        """
        report = Report()
        left = sorted(self._records.read(request.name), key=lambda i: (-i.count("/"), i))
        reasons: dict[str, str] = {}
        try:
            self._remove_hosts(request, report)
            for ci_id in left:
                if (reason := self._remove(ci_id)) is not None:
                    reasons[ci_id] = reason
        except DeployError as error:
            trouble = str(seed_error(error))
            reasons = {ci_id: reasons.get(ci_id, trouble) for ci_id in left}
        report.retained += [f"{ci_id} ({reason})" for ci_id, reason in reasons.items()]
        if reasons:
            self._records.write(request.name, list(reasons))
        else:
            self._records.delete(request.name)
        return report

    def _chosen(self, item: Item, report: Report) -> Item | None:
        """Return the item, or its alternative, that the server has the type for."""
        while self._deploy.metadata.properties(item.type) is None:
            if item.otherwise is None:
                if item.optional is None:
                    raise SeedError(
                        f"the Deploy server does not have the type {item.type}, needed for {item.id}"
                    )
                report.skipped.append(f"{item.id} ({item.type} comes with {item.optional})")
                return None
            item = item.otherwise
        return item

    def _ensure(self, name: str, item: Item, report: Report) -> None:
        known = self._deploy.metadata.properties(item.type) or {}
        owned = self._owned(item, known)
        current = self._deploy.repository.read(item.id)
        if current is None:
            for parent in _parents(item.id):
                if not self._deploy.repository.exists(parent):
                    self._create(name, {"id": parent, "type": _DIRECTORY}, report)
            if self._create(name, {"id": item.id, "type": item.type, **owned}, report):
                return
            current = self._deploy.repository.read(item.id) or {}
        if current.get("type") != item.type:
            raise SeedError(f"{item.id} exists already as {current.get('type')}, expected {item.type}")
        secret = {prop for prop in owned if known[prop].password}
        # A secret cannot be compared, so it is written every time.
        differing = {
            prop: value
            for prop, value in owned.items()
            if prop in secret or not same(value, current.get(prop))
        }
        if not differing:
            report.unchanged.append(item.id)
        elif masked := _masked(current, known) - secret:
            # Writing the CI back would replace a person's secret by its mask.
            names = ", ".join(sorted(differing.keys() - secret))
            if names:
                report.skipped.append(
                    f"{item.id} (set {names} by hand: its {', '.join(masked)} reads masked)"
                )
            else:
                report.unchanged.append(item.id)
        else:
            self._deploy.repository.update(item.id, lambda found: {**found, **differing})
            (report.updated if differing.keys() - secret else report.unchanged).append(item.id)

    def _check_permissions(self, item: Item, report: Report) -> None:
        """Note the permissions that reconciling will need and the account does not have."""
        directory = item.id.rpartition("/")[0]
        for permission in _NEEDED.get(item.type, ()):
            lacking = f"{permission} on {directory}"
            if lacking not in report.lacking and not self._deploy.security.allows(permission, directory):
                report.lacking.append(lacking)

    def _owned(self, item: Item, known: dict[str, Property]) -> dict[str, Any]:
        missing = sorted((item.properties.keys() | item.secrets.keys()) - known.keys())
        if missing:
            advice = "; the plugin of this package adds it" if "privateKey" in missing else ""
            raise SeedError(f"the Deploy server's {item.type} has no property {', '.join(missing)}{advice}")
        values = {name: typed(value, known[name]) for name, value in item.properties.items()}
        for name, source in item.secrets.items():
            if value := self._secrets.value(source):
                values[name] = value
                self._deploy.protect(value)
        return values

    def _create(self, name: str, item: CI, report: Report) -> bool:
        recorded = self._records.read(name)
        if item["id"] not in recorded:
            self._records.write(name, [*recorded, item["id"]])
        created = self._deploy.repository.create(item)
        if created:
            report.created.append(item["id"])
        elif item["id"] not in recorded:
            self._records.write(name, recorded)
        return created

    def _remove_hosts(self, request: SeedRequest, report: Report) -> None:
        """Remove the hosts of the group that are left: out of the environment first, then the CIs."""
        if request.hosts is None or request.group is None:
            return
        prefix = f"{request.hosts}/{request.group}-"
        hosts = [
            ref.id
            for ref in self._deploy.repository.query(parent=request.hosts)
            if ref.id.startswith(prefix) and _INSTANCE.fullmatch(ref.id[len(prefix) :])
        ]
        if not hosts:
            return
        for item in request.items:
            if item.type == "udm.Environment":
                self._deploy.repository.update(item.id, lambda found: _without_members(found, hosts))
        for host, error in self._deploy.repository.delete_all(hosts).items():
            report.retained.append(f"{host} ({error.text})")

    def _remove(self, ci_id: str) -> str | None:
        """Delete a CI; return why it stays, if it does."""
        current = self._deploy.repository.read(ci_id)
        if current is None:
            return None
        if current.get("type") == _DIRECTORY and self._deploy.repository.query(parent=ci_id):
            return "not empty"
        if current.get("type") == "udm.Environment" and current.get("members"):
            return "has members that are not ours"
        try:
            self._deploy.repository.delete(ci_id)
        except Refused as error:
            return error.text
        return None


def _parents(ci_id: str) -> list[str]:
    """Return the directories above a CI, outermost first, without the root."""
    parts = ci_id.split("/")
    found = ["/".join(parts[:length]) for length in range(1, len(parts))]
    return [parent for parent in found if parent not in _ROOTS]


def _masked(found: CI, known: dict[str, Property]) -> set[str]:
    """Return the names of secrets that read as asterisks."""
    return {
        key
        for key, value in found.items()
        if key in known and known[key].password and isinstance(value, str) and value and not value.strip("*")
    }


def _without_members(environment: CI, hosts: Sequence[str]) -> CI | None:
    before = references(environment.get("members"))
    after = [member for member in before if member not in hosts]
    return {**environment, "members": after} if len(after) < len(before) else None
