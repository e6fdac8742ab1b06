"""``AWS::EC2::EIP`` and ``AWS::EC2::EIPAssociation``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.compute import elastic_addresses
from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.resources.types import register, tags

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.resources.types import Created, Properties

IN_PLACE = frozenset({"InstanceId", "Tags"})
"""Properties whose change keeps the address (CloudFormation reference); any other replaces it."""

ec2 = names("services.ec2", functions=("_allocate_address",), stores=("_addresses", "_tags"))


def _allocate(_logical_id: str, properties: Properties, _stack: str) -> Created:
    before = set(ec2._addresses.keys())
    ec2._allocate_address({"Domain": [properties.get("Domain", "vpc")]})
    (allocation_id,) = set(ec2._addresses.keys()) - before
    ec2._tags[allocation_id] = [{"Key": key, "Value": value} for key, value in tags(properties).items()]
    if properties.get("InstanceId"):
        elastic_addresses.associate(allocation_id, properties["InstanceId"])
    public = ec2._addresses[allocation_id]["PublicIp"]
    return public, {"AllocationId": allocation_id, "PublicIp": public}


def _update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    allocation_id = elastic_addresses.allocation_of(physical_id)
    if changed - IN_PLACE or allocation_id is None:
        return _allocate(logical_id, new, stack)
    ec2._tags[allocation_id] = [{"Key": key, "Value": value} for key, value in tags(new).items()]
    if "InstanceId" in changed:
        if association := ec2._addresses[allocation_id]["AssociationId"]:
            elastic_addresses.disassociate(association)
        if new.get("InstanceId"):
            elastic_addresses.associate(allocation_id, new["InstanceId"])
    return physical_id, {"AllocationId": allocation_id, "PublicIp": physical_id}


def _release(physical_id: str, _properties: Properties) -> None:
    allocation_id = elastic_addresses.allocation_of(physical_id)
    if allocation_id is not None:
        elastic_addresses.release_by_id(allocation_id)


def _associate(_logical_id: str, properties: Properties, _stack: str) -> Created:
    allocation_id = properties.get("AllocationId") or elastic_addresses.allocation_of(
        properties.get("EIP", "")
    )
    association = elastic_addresses.associate(allocation_id or "", properties["InstanceId"])
    return association, {"Id": association}


def _disassociate(physical_id: str, _properties: Properties) -> None:
    elastic_addresses.disassociate(physical_id)


def install() -> None:
    """Register both types."""
    register("AWS::EC2::EIP", _allocate, _release, _update)
    register("AWS::EC2::EIPAssociation", _associate, _disassociate)
