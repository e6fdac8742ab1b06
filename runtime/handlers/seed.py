"""Seeder: the ``on_event`` handler of a CDK provider-framework custom resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runtime import bootstrap
from runtime.reconciliation.errors import ReconciliationError
from runtime.seeding.errors import SeedError
from runtime.seeding.model import SeedRequest, parse

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from runtime.seeding.seeder import Report

_LONGEST_LIST = 550  # the whole answer must stay below 4 kB


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Create, update or remove what a resource asks for.

    The physical id is the record's name, always: nothing that happens here replaces the resource.
    """
    report = bootstrap.telemetry()
    kind = event["RequestType"]
    report.about(request=kind, resource=event["LogicalResourceId"])
    try:
        request = parse(event["ResourceProperties"])
        seeder = bootstrap.seeder()
        done = seeder.remove(request) if kind == "Delete" else seeder.apply(request)
    except (SeedError, ReconciliationError) as error:
        report.warn("seeding failed", reason=str(error))
        if kind == "Delete":
            # Without credentials, say, nothing can be done, and the stack must be able to go all the same.
            return {"PhysicalResourceId": event["PhysicalResourceId"], "Data": {"Retained": str(error)}}
        # The framework shows this text in CloudFormation's events; the traceback would say nothing more.
        raise SeedError(str(error)) from None
    # One field: `created` alone is a name that logging keeps for itself.
    report.line("seeded", result={name: getattr(done, name) for name in done.__slots__})
    return {"PhysicalResourceId": request.name, "Data": _data(request, done)}


def _data(request: SeedRequest, done: Report) -> dict[str, str]:
    environments = [item.id for item in request.items if item.type == "udm.Environment"]
    return {
        "Environment": environments[0] if environments else "",
        "Created": _short(done.created),
        "Updated": _short(done.updated),
        "Unchanged": _short(done.unchanged),
        "Skipped": _short(done.skipped),
        "Retained": _short(done.retained),
        "Lacking": _short(done.lacking),
    }


def _short(items: list[str]) -> str:
    text = ", ".join(items)
    return text if len(text) <= _LONGEST_LIST else f"{text[:_LONGEST_LIST]}… ({len(items)} in all)"
