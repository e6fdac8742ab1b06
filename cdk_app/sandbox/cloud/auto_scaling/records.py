"""MiniStack's records of groups and hooks, read as the engine's types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.auto_scaling.model import (
    Group,
    Hook,
    Result,
    State,
    Subnet,
    Template,
    Transition,
    WarmPool,
)
from cdk_app.sandbox.cloud.compute.launch import template_version
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Mapping

auto_scaling = names("services.autoscaling", stores=("_asgs", "_hooks"))
ec2 = names("services.ec2", stores=("_subnets", "_launch_templates"))

POOL = "WarmPool"
"""Key of a group's warm pool in MiniStack's record of the group, which knows none."""


def view(name: str) -> Group | None:
    """Return the present configuration of a group."""
    record = auto_scaling._asgs.get(name)
    if record is None:
        return None
    return Group(
        name=name,
        arn=record["AutoScalingGroupARN"],
        minimum=record["MinSize"],
        maximum=record["MaxSize"],
        desired=record["DesiredCapacity"],
        subnets=_subnets(record),
        template=_template(record.get("LaunchTemplate") or {}),
        hooks=tuple(
            _hook(hook) for hook in auto_scaling._hooks.values() if hook["AutoScalingGroupName"] == name
        ),
        policies=tuple(record["TerminationPolicies"]),
        tags={tag["Key"]: tag["Value"] for tag in record["Tags"] if tag["PropagateAtLaunch"]},
        protect_new=str(record["NewInstancesProtectedFromScaleIn"]).lower() == "true",
        pool=_pool(record),
    )


def resize(name: str, desired: int) -> None:
    """Store a group's desired capacity."""
    auto_scaling._asgs[name]["DesiredCapacity"] = desired


def group_names() -> list[str]:
    """Return the names of the groups that exist."""
    return list(auto_scaling._asgs.keys())


def zones(subnet_ids: str) -> list[str]:
    """Return the zones of a ``VPCZoneIdentifier``, each once, in order."""
    known = [
        ec2._subnets[subnet]["AvailabilityZone"] for subnet in subnet_ids.split(",") if subnet in ec2._subnets
    ]
    return list(dict.fromkeys(known))


def _subnets(record: Mapping[str, Any]) -> tuple[Subnet, ...]:
    named = [subnet.strip() for subnet in record["VPCZoneIdentifier"].split(",") if subnet.strip()]
    chosen = named or [
        subnet["SubnetId"]
        for subnet in ec2._subnets.values()
        if subnet["DefaultForAz"] and subnet["AvailabilityZone"] in record["AvailabilityZones"]
    ]
    return tuple(
        Subnet(subnet, ec2._subnets[subnet]["AvailabilityZone"])
        for subnet in chosen
        if subnet in ec2._subnets
    )


def _template(reference: Mapping[str, Any]) -> Template | None:
    name = reference.get("LaunchTemplateId") or reference.get("LaunchTemplateName")
    if not name:
        return None
    record = ec2._launch_templates.get(name) or next(
        (t for t in ec2._launch_templates.values() if t["LaunchTemplateName"] == name), None
    )
    if record is None:
        return Template(name, name, str(reference.get("Version", "$Default")))
    number, _ = template_version(name, str(reference.get("Version") or "$Default"))
    return Template(record["LaunchTemplateId"], record["LaunchTemplateName"], str(number))


def _hook(record: Mapping[str, Any]) -> Hook:
    return Hook(
        name=record["LifecycleHookName"],
        transition=Transition(record["LifecycleTransition"]),
        timeout=int(record["HeartbeatTimeout"]),
        default=Result(record["DefaultResult"]),
        metadata=record.get("NotificationMetadata") or "",
    )


def _pool(record: Mapping[str, Any]) -> WarmPool | None:
    pool = record.get(POOL)
    if pool is None:
        return None
    prepared = int(pool.get("MaxGroupPreparedCapacity", -1))
    ceiling = record["MaxSize"] if prepared < 0 else prepared
    return WarmPool(
        size=max(int(pool.get("MinSize", 0)), ceiling - record["DesiredCapacity"], 0),
        state=State(f"Warmed:{pool.get('PoolState', 'Stopped')}"),
        reuse=str((pool.get("InstanceReusePolicy") or {}).get("ReuseOnScaleIn", False)).lower() == "true",
    )
