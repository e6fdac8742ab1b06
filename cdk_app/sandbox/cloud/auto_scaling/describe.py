"""Descriptions in the query protocol: escaped, paged and filtered, which MiniStack's are not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.auto_scaling import records
from cdk_app.sandbox.cloud.auto_scaling.activities import timestamp
from cdk_app.sandbox.cloud.auto_scaling.model import POOLED
from cdk_app.sandbox.cloud.auto_scaling.service import groups
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cdk_app.sandbox.cloud.auto_scaling.activities import Activity
    from cdk_app.sandbox.cloud.auto_scaling.model import Group, Member

    Parameters = dict[str, Any]

auto_scaling = names(
    "services.autoscaling",
    functions=("_xml", "_p", "_parse_member_list", "_parse_nested", "_member_xml"),
    stores=("_asgs", "_ACTION_MAP"),
)

PAGE = {"DescribeAutoScalingGroups": 50, "DescribeAutoScalingInstances": 50, "DescribeScalingActivities": 100}
"""Page sizes when ``MaxRecords`` is absent (API reference)."""

HEALTH = {True: "Healthy", False: "Unhealthy"}


def instance(member: Member) -> dict[str, Any]:
    """Return a member as the ``Instance`` of a group."""
    described: dict[str, Any] = {
        "InstanceId": member.instance_id,
        "InstanceType": member.instance_type,
        "AvailabilityZone": member.subnet.zone,
        "LifecycleState": str(member.state),
        "HealthStatus": HEALTH[member.healthy],
        "ProtectedFromScaleIn": member.protected,
    }
    if member.template is not None:
        described["LaunchTemplate"] = {
            "LaunchTemplateId": member.template.id,
            "LaunchTemplateName": member.template.name,
            "Version": member.template.version,
        }
    return described


def activity(record: Activity) -> dict[str, Any]:
    """Return a scaling activity as the API gives it."""
    details = (
        {"Subnet ID": record.subnet.id, "Availability Zone": record.subnet.zone} if record.subnet else {}
    )
    described = {
        "ActivityId": record.id,
        "AutoScalingGroupName": record.group,
        "Description": record.description,
        "Cause": record.cause,
        "StartTime": timestamp(record.started),
        "StatusCode": record.status,
        "Progress": record.progress,
        "Details": json.dumps(details),
    }
    if record.ended is not None:
        described["EndTime"] = timestamp(record.ended)
    if record.message:
        described["StatusMessage"] = record.message
    return described


def group(view: Group, record: Mapping[str, Any], members: Iterable[Member]) -> dict[str, Any]:
    """Return a group as the API gives it; members of the warm pool are listed by ``DescribeWarmPool``."""
    kept = (
        "AutoScalingGroupName",
        "AutoScalingGroupARN",
        "MinSize",
        "MaxSize",
        "DesiredCapacity",
        "DefaultCooldown",
        "AvailabilityZones",
        "HealthCheckType",
        "HealthCheckGracePeriod",
        "CreatedTime",
        "VPCZoneIdentifier",
        "TerminationPolicies",
        "ServiceLinkedRoleARN",
        "Tags",
        "Status",
    )
    described = {name: record[name] for name in kept if record.get(name) not in (None, "")}
    if view.template is not None:
        described["LaunchTemplate"] = {
            "LaunchTemplateId": view.template.id,
            "LaunchTemplateName": view.template.name,
            "Version": record["LaunchTemplate"].get("Version", "$Default"),
        }
    described["NewInstancesProtectedFromScaleIn"] = view.protect_new
    described["Instances"] = [instance(member) for member in members if member.state not in POOLED]
    if view.pool is not None:
        described["WarmPoolConfiguration"] = dict(record[records.POOL])
        described["WarmPoolSize"] = sum(member.state in POOLED for member in members)
    return described


def response(action: str, result: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - MiniStack's response
    """Return the answer of an action."""
    inner = auto_scaling._member_xml(dict(result or {}))
    return auto_scaling._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")


def page(action: str, key: str, items: list[Any], parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    """Return one page of an answer; the token is the index of the next item."""
    start = int(auto_scaling._p(parameters, "NextToken") or 0)
    size = int(auto_scaling._p(parameters, "MaxRecords") or PAGE[action])
    result: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        result["NextToken"] = str(start + size)
    return response(action, result)


def _groups(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    wanted = auto_scaling._parse_member_list(parameters, "AutoScalingGroupNames")
    filters = auto_scaling._parse_nested(parameters, "Filters")
    found = []
    with groups.changed:
        for name in records.group_names():
            record = auto_scaling._asgs[name]
            if (not wanted or name in wanted) and _tagged(record["Tags"], filters or ()):
                view, roster = groups.find(name)
                found.append(group(view, record, list(roster.members.values())))
    return page("DescribeAutoScalingGroups", "AutoScalingGroups", found, parameters)


def _tagged(tags: Iterable[Mapping[str, Any]], filters: Iterable[Mapping[str, Any]]) -> bool:
    pairs = {tag["Key"]: tag["Value"] for tag in tags}
    for wanted in filters:
        name, values = wanted["Name"], wanted.get("Values") or []
        if name.startswith("tag:") and pairs.get(name.removeprefix("tag:")) not in values:
            return False
        if name == "tag-key" and not set(values) & pairs.keys():
            return False
        if name == "tag-value" and not set(values) & set(pairs.values()):
            return False
    return True


def _instances(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    wanted = auto_scaling._parse_member_list(parameters, "InstanceIds")
    found = []
    with groups.changed:
        for name in records.group_names():
            _, roster = groups.find(name)
            found += [
                {
                    **instance(member),
                    "AutoScalingGroupName": name,
                    "HealthStatus": HEALTH[member.healthy].upper(),
                }
                for member in roster.members.values()
                if not wanted or member.instance_id in wanted
            ]
    return page("DescribeAutoScalingInstances", "AutoScalingInstances", found, parameters)


def _activities(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    name = auto_scaling._p(parameters, "AutoScalingGroupName")
    wanted = auto_scaling._parse_member_list(parameters, "ActivityIds")
    with groups.changed:
        rosters = [groups.find(known)[1] for known in records.group_names() if name in ("", known)]
        newest_first = sorted(
            (item for roster in rosters for item in reversed(roster.activities.values())),
            key=lambda item: -item.started,
        )
    found = [activity(item) for item in newest_first if not wanted or item.id in wanted]
    return page("DescribeScalingActivities", "Activities", found, parameters)


def install() -> None:
    """Replace the actions."""
    auto_scaling._ACTION_MAP.update(
        DescribeAutoScalingGroups=_groups,
        DescribeAutoScalingInstances=_instances,
        DescribeScalingActivities=_activities,
    )
