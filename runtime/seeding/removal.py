"""Removes from Deploy what is on record, and nothing that anybody uses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runtime.deploy.errors import Forbidden, Refused
from runtime.deploy.items import CI, references
from runtime.seeding.model import APPLICATION, DIRECTORY, ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.reconciliation.ports import DeployPort
    from runtime.seeding.model import SeedRequest
    from runtime.seeding.records import RecordsPort

_INSTANCE = re.compile(r"i-[0-9a-f]+")


class Removal:
    """Removes from one Deploy server.

    Parameters
    ----------
    deploy, records
        The server, and where it is kept what was created.
    """

    def __init__(self, deploy: DeployPort, records: RecordsPort) -> None:
        self._deploy, self._records = deploy, records

    def remove(self, name: str, ids: set[str], retained: dict[str, str]) -> None:
        """Remove those CIs of a record, children first; what is gone leaves the record at once.

        Parameters
        ----------
        retained
            Gets the CIs that stay, with the reason.
        """
        recorded = self._records.read(name)
        for ci_id in sorted(ids & recorded.keys(), key=lambda each: (-each.count("/"), each)):
            try:
                reason = self._remove(ci_id, recorded[ci_id])
            except (Forbidden, Refused) as error:
                reason = error.text
            if reason is not None:
                retained[ci_id] = reason
                continue
            recorded = {key: kind for key, kind in recorded.items() if key != ci_id}
            if recorded:
                self._records.write(name, recorded)
        if not recorded:
            self._records.delete(name)

    def remove_hosts(self, request: SeedRequest, retained: dict[str, str]) -> None:
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
        try:
            for item in request.items:
                if item.type == ENVIRONMENT:
                    self._deploy.repository.update(item.id, lambda found: _without_members(found, hosts))
            refused = self._deploy.repository.delete_all(hosts)
        except (Forbidden, Refused) as error:
            retained |= dict.fromkeys(hosts, error.text)
        else:
            retained |= {host: error.text for host, error in refused.items()}

    def _remove(self, ci_id: str, made_as: str) -> str | None:
        """Delete a CI; return why it stays, if it does. Deploy deletes what is below a CI with it."""
        current = self._deploy.repository.read(ci_id)
        if current is None:
            return None
        kind = current.get("type")
        if kind != made_as:
            return f"is {kind} now, was created as {made_as}"
        below = self._deploy.repository.query(parent=ci_id)
        if kind == ENVIRONMENT:
            if current.get("members"):
                return "has members that are not ours"
            applications = [ref.id for ref in below if ref.type == APPLICATION]
            if any(item.get("deployeds") for item in self._deploy.repository.read_all(applications)):
                return "applications are deployed to it"
            below = [ref for ref in below if ref.type != APPLICATION]
        if below:
            return "not empty" if kind == DIRECTORY else f"{below[0].id} is below it"
        self._deploy.repository.delete(ci_id)
        return None


def _without_members(environment: CI, hosts: Sequence[str]) -> CI | None:
    before = references(environment.get("members"))
    after = [member for member in before if member not in hosts]
    return {**environment, "members": after} if len(after) < len(before) else None
