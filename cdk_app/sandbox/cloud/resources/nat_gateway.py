"""``AWS::EC2::NatGateway``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.resources.types import register, tags

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.resources.types import Created, Properties

ec2 = names("services.ec2", functions=("_create_nat_gateway",), stores=("_nat_gateways", "_tags"))


def _create(_logical_id: str, properties: Properties, _stack: str) -> Created:
    before = set(ec2._nat_gateways.keys())
    wanted = ("SubnetId", "AllocationId", "ConnectivityType")
    ec2._create_nat_gateway({name: [properties[name]] for name in wanted if properties.get(name)})
    (nat_id,) = set(ec2._nat_gateways.keys()) - before
    ec2._tags[nat_id] = [{"Key": key, "Value": value} for key, value in tags(properties).items()]
    return nat_id, {"NatGatewayId": nat_id}


def _delete(physical_id: str, _properties: Properties) -> None:
    # AWS shows a deleted gateway for about an hour; here it is gone at once.
    ec2._nat_gateways.pop(physical_id, None)
    ec2._tags.pop(physical_id, None)


def install() -> None:
    """Register the type."""
    register("AWS::EC2::NatGateway", _create, _delete)
