"""Warm pools: API actions and ``AWS::AutoScaling::WarmPool``, of which MiniStack knows nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.auto_scaling import activities, describe, records
from cdk_app.sandbox.cloud.auto_scaling.actions import flag, refusing, value
from cdk_app.sandbox.cloud.auto_scaling.model import POOLED
from cdk_app.sandbox.cloud.auto_scaling.ports import RefusedError
from cdk_app.sandbox.cloud.auto_scaling.service import groups
from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.resources.types import register

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_app.sandbox.cloud.auto_scaling.describe import Parameters
    from cdk_app.sandbox.cloud.resources.types import Created, Properties

auto_scaling = names("services.autoscaling", functions=("_parse_nested",), stores=("_ACTION_MAP", "_asgs"))

MEMBERS = ("MaxGroupPreparedCapacity", "MinSize", "PoolState", "InstanceReusePolicy")


def put(name: str, configuration: Mapping[str, Any]) -> None:
    """Store a group's warm pool and bring it to its size.

    Raises
    ------
    RefusedError
        When there is no such group.
    """
    groups.find(name)
    auto_scaling._asgs[name][records.POOL] = {
        key: configuration[key] for key in MEMBERS if configuration.get(key) not in (None, "", {})
    }
    groups.adjust(name, f"At {activities.timestamp(time.time())} a user request set the warm pool.")


def remove(name: str, *, force: bool) -> None:
    """Delete a group's warm pool; its instances leave through the termination hooks.

    Parameters
    ----------
    force
        AWS refuses to delete a pool that still has instances otherwise.

    Raises
    ------
    RefusedError
        When the pool still has instances.
    """
    record = auto_scaling._asgs.get(name)
    if record is None or records.POOL not in record:
        return
    _, roster = groups.find(name)
    if not force and any(member.state in POOLED for member in roster.members.values()):
        raise RefusedError(f"Warm pool of {name} still has instances.")
    del record[records.POOL]
    groups.adjust(name, f"At {activities.timestamp(time.time())} a user request deleted the warm pool.")


def _put(parameters: Parameters) -> Any:  # noqa: ANN401 - MiniStack's response
    configuration: dict[str, Any] = {key: value(parameters, key) for key in MEMBERS}
    configuration["InstanceReusePolicy"] = auto_scaling._parse_nested(parameters, "InstanceReusePolicy")
    put(value(parameters, "AutoScalingGroupName"), configuration)
    return describe.response("PutWarmPool")


def _describe(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    name = value(parameters, "AutoScalingGroupName")
    with groups.changed:
        _, roster = groups.find(name)
        pooled = [describe.instance(m) for m in roster.members.values() if m.state in POOLED]
    configuration = auto_scaling._asgs[name].get(records.POOL)
    result: dict[str, Any] = {"Instances": pooled}
    if configuration is not None:
        result["WarmPoolConfiguration"] = {"PoolState": "Stopped", **configuration}
    return describe.response("DescribeWarmPool", result)


def _delete(parameters: Parameters) -> Any:  # noqa: ANN401 - as above
    remove(value(parameters, "AutoScalingGroupName"), force=flag(parameters, "ForceDelete"))
    return describe.response("DeleteWarmPool")


def _create_resource(_logical_id: str, properties: Properties, _stack: str) -> Created:
    put(properties["AutoScalingGroupName"], properties)
    return properties["AutoScalingGroupName"], {}


def _update_resource(
    physical_id: str, _old: Properties, new: Properties, _stack: str, _logical_id: str
) -> Created:
    put(physical_id, new)
    return physical_id, {}


def _delete_resource(physical_id: str, _properties: Properties) -> None:
    remove(physical_id, force=True)


def install() -> None:
    """Add the actions and the resource type."""
    auto_scaling._ACTION_MAP.update(
        PutWarmPool=refusing(_put), DescribeWarmPool=refusing(_describe), DeleteWarmPool=refusing(_delete)
    )
    register("AWS::AutoScaling::WarmPool", _create_resource, _delete_resource, _update_resource)
