"""Seeder: the ``on_event`` handler of a CDK provider-framework custom resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from runtime import bootstrap
from runtime.reconciliation.errors import ReconciliationError
from runtime.seeding.errors import SeedError
from runtime.seeding.model import parse
from runtime.seeding.report import LONGEST_REASON, Report, cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Create, update or remove what a resource asks for.

    The physical id is the record's name, always: nothing that happens here replaces the resource.
    """
    telemetry = bootstrap.telemetry()
    kind = event["RequestType"]
    telemetry.about(request=kind, resource=event["LogicalResourceId"])
    if kind == "Delete":
        done = _removed(event, context)
        physical_id = event["PhysicalResourceId"]
    else:
        try:
            request = parse(event["ResourceProperties"])
            physical_id = request.name
            done = bootstrap.seeder(_seconds_left(context)).apply(request)
        except (SeedError, ReconciliationError, BotoCoreError, ClientError) as error:
            reason = cut(str(error), LONGEST_REASON)
            telemetry.warn("seeding failed", reason=reason)
            # The framework shows this text in CloudFormation's events; the traceback would say nothing more.
            raise SeedError(reason) from None
    # One field: `created` alone is a name that logging keeps for itself.
    telemetry.line("seeded", result={name: getattr(done, name) for name in done.__slots__})
    return {"PhysicalResourceId": physical_id, "Data": done.attributes()}


def _removed(event: dict[str, Any], context: LambdaContext) -> Report:
    """Remove what can be removed. The stack must be able to go, whatever happens here."""
    try:
        request = parse(event["ResourceProperties"])
        return bootstrap.seeder(_seconds_left(context)).remove(request)
    except Exception as error:
        bootstrap.telemetry().warn("seeding failed", reason=cut(str(error), LONGEST_REASON))
        return Report(retained=[f"all ({error})"])


def _seconds_left(context: LambdaContext) -> Callable[[], float]:
    return lambda: context.get_remaining_time_in_millis() / 1000
