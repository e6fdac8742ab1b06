"""Creates CIs that a stack needs, keeps the properties it owns, removes only what it has created."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from runtime.deploy.errors import DeployError, Unavailable, Unreachable
from runtime.seeding.errors import OutOfTimeError, SeedError, seed_error
from runtime.seeding.inspection import Inspection
from runtime.seeding.model import DIRECTORY, ROOTS, directories
from runtime.seeding.removal import Removal
from runtime.seeding.report import Report

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from runtime.deploy.items import CI
    from runtime.reconciliation.ports import DeployPort, SecretsPort
    from runtime.seeding.inspection import Wanted
    from runtime.seeding.model import SeedRequest
    from runtime.seeding.records import RecordsPort
    from runtime.seeding.time_limit import TimeLimit

_TO_UNDO = 60.0
_TO_ANSWER = 15.0
"""Seconds of the function that are kept for taking back what was created, and for the answer."""

_TOO_SLOW = (
    "Deploy answers too slowly: the function's time ran out while at {item}; look at the load of the server, "
    "then deploy the stack again"
)


class Seeder:
    """Seeds one Deploy server.

    Parameters
    ----------
    deploy, secrets, records
        The server, where secret values are kept, where it is kept what was created.
    limit
        Time of this invocation (- as long as it takes).
    """

    def __init__(
        self,
        deploy: DeployPort,
        secrets: SecretsPort,
        records: RecordsPort,
        limit: TimeLimit | None = None,
    ) -> None:
        self._deploy, self._secrets, self._records = deploy, secrets, records
        self._limit = limit
        self._removal = Removal(deploy, records)
        self._at = "the server's properties"

    def apply(self, request: SeedRequest) -> Report:
        """Create what is missing and bring the owned properties of the rest in line.

        Every CI is recorded before it is created: whatever happens then, it is known to be ours. What was
        created before a failure is taken back, for CloudFormation does not ask to delete what failed to be
        created.

        Raises
        ------
        SeedError
            With one line for the person who deploys.
        """
        report = Report()
        try:
            with self._leaving(_TO_UNDO):
                for wanted in Inspection(self._deploy, self._secrets, report).run(request.items):
                    self._at = wanted.id
                    self._ensure(request.name, wanted, report)
                report.retained += self._no_longer_wanted(request)
        except OutOfTimeError:
            raise self._taken_back(request, report, _TOO_SLOW.format(item=self._at)) from None
        except DeployError as error:
            raise self._taken_back(request, report, str(seed_error(error))) from None
        except SeedError as error:
            raise self._taken_back(request, report, str(error)) from None
        return report

    def remove(self, request: SeedRequest) -> Report:
        """Remove what was created for a resource, children first; what is in use stays, and is named.

        Nothing keeps the stack from going: of a server that cannot be used, everything is named as retained.
        What stays remains on record, so it is still ours for a stack of the same name.
        """
        report = Report()
        left = self._removed(request.name, set(self._records.read(request.name)), request)
        report.retained += [f"{ci_id} ({reason})" for ci_id, reason in left.items()]
        return report

    def _leaving(self, seconds: float) -> AbstractContextManager[None]:
        return nullcontext() if self._limit is None else self._limit.leaving(seconds)

    def _taken_back(self, request: SeedRequest, report: Report, reason: str) -> SeedError:
        """Remove what this run created; return the error that tells of it."""
        if not report.created:
            return SeedError(reason)
        left = self._removed(request.name, set(report.created))
        return SeedError(f"{reason}; left in Deploy, and on record: {', '.join(left)}" if left else reason)

    def _removed(self, name: str, ids: set[str], hosts_of: SeedRequest | None = None) -> dict[str, str]:
        """Remove CIs of a record, and the hosts of a group; return what stays, with the reasons."""
        retained: dict[str, str] = {}
        trouble = None
        try:
            with self._leaving(_TO_ANSWER):
                if hosts_of is not None:
                    self._removal.remove_hosts(hosts_of, retained)
                self._removal.remove(name, ids, retained)
        except OutOfTimeError:
            trouble = "the function's time ran out"
        except (DeployError, SeedError) as error:
            trouble = str(seed_error(error)) if isinstance(error, DeployError) else str(error)
        if trouble is not None:
            left = ids
            with suppress(SeedError):  # all of them may be left then
                left = ids & self._records.read(name).keys()
            for ci_id in sorted(left):
                retained.setdefault(ci_id, trouble)
        return retained

    def _ensure(self, name: str, wanted: Wanted, report: Report) -> None:
        if wanted.id in ROOTS:
            return
        if wanted.current is None:
            for parent in directories(wanted.id):
                if parent not in ROOTS and not self._deploy.repository.exists(parent):
                    self._create(name, {"id": parent, "type": DIRECTORY}, report)
            if self._create(name, {"id": wanted.id, "type": wanted.type, **wanted.owned}, report):
                return
        if self._bring_in_line(wanted, report) is None:
            # Somebody has deleted it since we looked.
            self._create(name, {"id": wanted.id, "type": wanted.type, **wanted.owned}, report)

    def _bring_in_line(self, wanted: Wanted, report: Report) -> CI | None:
        """Write the owned properties that differ; return the CI, or None if there is none."""
        outcome = report.unchanged, wanted.id

        def change(found: CI) -> CI | None:
            nonlocal outcome
            if found.get("type") != wanted.type:
                raise SeedError(f"{wanted.id} has become {found.get('type')}, expected {wanted.type}")
            differing = wanted.differing(found)
            dropped = wanted.cleared & found.keys()
            visible = ", ".join(sorted(differing.keys() - wanted.secrets))
            outcome = (report.updated if visible or dropped else report.unchanged), wanted.id
            if not differing and not dropped:
                return None
            if masked := ", ".join(wanted.masked(found)):
                # Writing the CI back would replace a person's secret by its mask.
                if visible:
                    text = f"{wanted.id} (set {visible} by hand: its {masked} reads masked)"
                    outcome = report.skipped, text
                else:
                    outcome = report.unchanged, wanted.id
                return None
            return {key: value for key, value in found.items() if key not in dropped} | differing

        current = self._deploy.repository.update(wanted.id, change)
        if current is not None:
            outcome[0].append(outcome[1])
        return current

    def _create(self, name: str, item: CI, report: Report) -> bool:
        recorded = self._records.read(name)
        if item["id"] not in recorded:
            self._records.write(name, {**recorded, item["id"]: item["type"]})
            # From here on it may be there: also an interrupted call may have created it.
            report.created.append(item["id"])
        try:
            created = self._deploy.repository.create(item)
        except (Unavailable, Unreachable):
            raise
        except DeployError:
            self._not_ours(name, item["id"], recorded, report)
            raise
        if not created:
            self._not_ours(name, item["id"], recorded, report)
        elif item["id"] not in report.created:
            report.created.append(item["id"])
        return created

    def _not_ours(self, name: str, ci_id: str, recorded: dict[str, str], report: Report) -> None:
        """Take back the record of a CI that was not created after all."""
        if ci_id not in recorded:
            self._records.write(name, recorded)
            report.created.remove(ci_id)

    def _no_longer_wanted(self, request: SeedRequest) -> list[str]:
        """Return what is on record for a resource that does not ask for it any more, with that reason.

        It goes with the resource. Going now it could not come back as people have changed it, should
        CloudFormation take the update back.
        """
        asked: set[str] = set()
        for item in request.items:
            asked |= {item.id, *directories(item.id)}
            while item.otherwise is not None:
                item = item.otherwise
                asked |= {item.id, *directories(item.id)}
        return [
            f"{ci_id} (no longer asked for; it goes with the stack)"
            for ci_id in self._records.read(request.name)
            if ci_id not in asked
        ]
