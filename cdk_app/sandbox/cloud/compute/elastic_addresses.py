"""Elastic addresses that reach the instance's record; MiniStack associates them on its own side only."""

from __future__ import annotations

from typing import Any

from cdk_app.sandbox.cloud.compute.launch import set_public_address
from cdk_app.sandbox.cloud.names import names

ec2 = names(
    "services.ec2",
    functions=("_p", "_associate_address", "_disassociate_address", "_release_address", "_error", "_xml"),
    stores=("_addresses", "_instances", "_ACTION_MAP"),
)
_original_associate = ec2._associate_address
_original_disassociate = ec2._disassociate_address


def associate(allocation_id: str, instance_id: str) -> str:
    """Put an elastic address in front of an instance and return the association's id.

    Raises
    ------
    LookupError
        When either does not exist; the text is AWS's.
    """
    address = ec2._addresses.get(allocation_id)
    if address is None:
        raise LookupError(f"The allocation ID '{allocation_id}' does not exist")
    record = ec2._instances.get(instance_id)
    if record is None:
        raise LookupError(f"The instance ID '{instance_id}' does not exist")
    _original_associate({"AllocationId": [allocation_id], "InstanceId": [instance_id]})
    address["PrivateIpAddress"] = record["PrivateIpAddress"]
    set_public_address(record, address["PublicIp"])
    return str(address["AssociationId"])


def disassociate(association_id: str) -> None:
    """Take an elastic address away from its instance; an unknown association is left alone."""
    for address in ec2._addresses.values():
        if address["AssociationId"] == association_id and address["InstanceId"]:
            record = ec2._instances.get(address["InstanceId"])
            if record is not None and record["PublicIpAddress"] == address["PublicIp"]:
                set_public_address(record, "")
            address["PrivateIpAddress"] = None
    _original_disassociate({"AssociationId": [association_id]})


def allocation_of(public_address: str) -> str | None:
    """Return the allocation id of an elastic address."""
    return next(
        (str(a["AllocationId"]) for a in ec2._addresses.values() if a["PublicIp"] == public_address), None
    )


def release_by_id(allocation_id: str) -> None:
    """Disassociate and release an elastic address; an unknown one is left alone."""
    address = ec2._addresses.get(allocation_id)
    if address is not None:
        if address["AssociationId"]:
            disassociate(address["AssociationId"])
        ec2._release_address({"AllocationId": [allocation_id]})


def _associate(parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - MiniStack's response
    allocation = ec2._p(parameters, "AllocationId") or allocation_of(ec2._p(parameters, "PublicIp")) or ""
    try:
        association = associate(allocation, ec2._p(parameters, "InstanceId"))
    except LookupError as error:
        code = "InvalidInstanceID.NotFound" if "instance" in str(error) else "InvalidAllocationID.NotFound"
        return ec2._error(code, error, 400)
    return ec2._xml(
        200, "AssociateAddressResponse", f"<return>true</return><associationId>{association}</associationId>"
    )


def _disassociate(parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - MiniStack's response
    disassociate(ec2._p(parameters, "AssociationId"))
    return ec2._xml(200, "DisassociateAddressResponse", "<return>true</return>")


def install() -> None:
    """Replace the two actions."""
    ec2._ACTION_MAP.update(AssociateAddress=_associate, DisassociateAddress=_disassociate)
