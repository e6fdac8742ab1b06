"""Spot requests: those of instances whose launch template asks for Spot, their status, and interruptions.

Status codes and their order after the EC2 user guide, "Spot request status": an interrupted one-time request
is ``closed`` with ``instance-terminated-no-capacity`` at once, while the machine runs on until the notice is
over. MiniStack knows no Spot requests, and reads no market options out of a launch template.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud import admin
from cdk_app.sandbox.cloud.auto_scaling import bus
from cdk_app.sandbox.cloud.background import Background
from cdk_app.sandbox.cloud.compute import launch
from cdk_app.sandbox.cloud.compute.launch import SPOT_REQUEST as REQUEST
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Callable

ec2 = names(
    "services.ec2",
    functions=(
        "_instance_xml",
        "_parse_filters",
        "_parse_lt_data",
        "_parse_member_list",
        "_error",
        "_p",
        "_xml",
    ),
    stores=("_ACTION_MAP", "_instances"),
)

NOTICE_SECONDS = 120.0
WARNING = "EC2 Spot Instance Interruption Warning"
RECOMMENDATION = "EC2 Instance Rebalance Recommendation"

FILTERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "instance-id": lambda record: str(record["InstanceId"]),
    "spot-instance-request-id": lambda record: str(record[REQUEST]["id"]),
    "state": lambda record: status(record)[0],
    "status-code": lambda record: status(record)[1],
}
"""Values that each filter compares (EC2 API reference, DescribeSpotInstanceRequests)."""

_clock = Background("spot")


def status(record: dict[str, Any]) -> tuple[str, str]:
    """Return state and status code of an instance's Spot request."""
    if record[REQUEST]["interrupted"]:
        return "closed", "instance-terminated-no-capacity"
    if record["State"]["Name"] == "terminated":
        return "closed", "instance-terminated-by-user"
    return "active", "fulfilled"


def interrupt(instance: str, notice: float = NOTICE_SECONDS) -> None:
    """Take a Spot Instance back: mark its request, warn, and end the machine after the notice.

    Raises
    ------
    LookupError
        When it is not a running Spot Instance.
    """
    record = _running(instance)
    record[REQUEST] |= {"interrupted": True, "updated": _now()}
    _tell(record, WARNING, {"instance-id": instance, "instance-action": "terminate"})
    end = ec2._ACTION_MAP["TerminateInstances"]
    _clock.after(notice, lambda: end({"InstanceId.1": [instance]}))


def recommend(instance: str) -> None:
    """Say that a Spot Instance is at risk; nothing else happens to it.

    Raises
    ------
    LookupError
        When it is not a running Spot Instance.
    """
    _tell(_running(instance), RECOMMENDATION, {"instance-id": instance})


def _running(instance: str) -> dict[str, Any]:
    record: dict[str, Any] | None = ec2._instances.get(instance)
    if record is None or REQUEST not in record or not launch.is_running(instance):
        raise LookupError(f"{instance} is not a running Spot Instance.")
    return record


def _tell(record: dict[str, Any], detail_type: str, detail: dict[str, object]) -> None:
    # As the user guide shows it: the zone in place of the region, and no account.
    arn = f"arn:aws:ec2:{record['Placement']['AvailabilityZone']}:instance/{record['InstanceId']}"
    bus.put("aws.ec2", detail_type, detail, [arn])


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


def _describe(parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - MiniStack's response
    filters = ec2._parse_filters(parameters)
    for name in filters:
        if name not in FILTERS:
            return ec2._error("InvalidParameterValue", f"The filter '{name}' is invalid", 400)
    wanted = ec2._parse_member_list(parameters, "SpotInstanceRequestId")
    found = [record for record in list(ec2._instances.values()) if REQUEST in record]
    known = {record[REQUEST]["id"] for record in found}
    for request_id in wanted:
        if request_id not in known:
            return ec2._error(
                "InvalidSpotInstanceRequestID.NotFound",
                f"The spot instance request ID '{request_id}' does not exist",
                400,
            )
    items = "".join(
        _request_xml(record)
        for record in found
        if (not wanted or record[REQUEST]["id"] in wanted)
        and all(FILTERS[name](record) in values for name, values in filters.items())
    )
    inner = f"<spotInstanceRequestSet>{items}</spotInstanceRequestSet>"
    return ec2._xml(200, "DescribeSpotInstanceRequestsResponse", inner)


def _request_xml(record: dict[str, Any]) -> str:
    state, code = status(record)
    request = record[REQUEST]
    return (
        f"<item><spotInstanceRequestId>{request['id']}</spotInstanceRequestId>"
        f"<state>{state}</state><type>one-time</type>"
        f"<status><code>{code}</code><updateTime>{request['updated']}</updateTime></status>"
        f"<createTime>{request['created']}</createTime><instanceId>{record['InstanceId']}</instanceId>"
        "<instanceInterruptionBehavior>terminate</instanceInterruptionBehavior></item>"
    )


def _with_market(parse: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def parse_all(parameters: dict[str, Any], prefix: str = "LaunchTemplateData") -> dict[str, Any]:
        data = parse(parameters, prefix)
        market = ec2._p(parameters, f"{prefix}.InstanceMarketOptions.MarketType")
        return data | ({"InstanceMarketOptions": {"MarketType": market}} if market else {})

    return parse_all


def _with_request(describe: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
    def instance_xml(record: dict[str, Any]) -> str:
        text = describe(record)
        if REQUEST not in record:
            return text
        head, end, _ = text.rpartition("</item>")
        request = f"<spotInstanceRequestId>{record[REQUEST]['id']}</spotInstanceRequestId>"
        return f"{head}<instanceLifecycle>spot</instanceLifecycle>{request}{end}"

    return instance_xml


def install() -> None:
    """Give Spot Instances their requests, answer questions about them, and offer to interrupt one."""
    ec2._parse_lt_data = _with_market(ec2._parse_lt_data)
    ec2._instance_xml = _with_request(ec2._instance_xml)
    ec2._ACTION_MAP["DescribeSpotInstanceRequests"] = _describe
    admin.ACTIONS["interrupt-spot-instance"] = interrupt
    admin.ACTIONS["recommend-rebalance"] = recommend
