"""``AWS::EC2::FlowLog``: recorded, never written to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.resources.types import register, tags

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.resources.types import Created, Properties

ec2 = names("services.ec2", functions=("_create_flow_logs",), stores=("_flow_logs", "_tags"))


def _create(_logical_id: str, properties: Properties, _stack: str) -> Created:
    before = set(ec2._flow_logs.keys())
    wanted = ("ResourceType", "TrafficType", "LogDestinationType", "LogDestination", "LogGroupName")
    request = {name: [properties[name]] for name in wanted if properties.get(name)}
    ec2._create_flow_logs({"ResourceId.1": [properties["ResourceId"]], **request})
    (flow_log_id,) = set(ec2._flow_logs.keys()) - before
    ec2._tags[flow_log_id] = [{"Key": key, "Value": value} for key, value in tags(properties).items()]
    return flow_log_id, {"Id": flow_log_id}


def _delete(physical_id: str, _properties: Properties) -> None:
    ec2._flow_logs.pop(physical_id, None)
    ec2._tags.pop(physical_id, None)


def install() -> None:
    """Register the type."""
    register("AWS::EC2::FlowLog", _create, _delete)
