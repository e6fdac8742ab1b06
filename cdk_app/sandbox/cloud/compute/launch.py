"""Launching EC2 records with the addresses, zone and options that AWS would give them.

MiniStack's own launch draws a random private address, gives every record a public one and puts all of them
into the region's first zone. Its ``RunInstances`` passes through here as well.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.compute.addresses import first_free
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ec2 = names(
    "services.ec2",
    functions=(
        "_launch_instances_internal",
        "_resolve_iam_instance_profile",
        "_random_ip",
        "_terminate_instances",
    ),
    stores=("_instances", "_subnets", "_launch_templates", "_tags", "_volumes", "_ACTION_MAP"),
)
_original_launch = ec2._launch_instances_internal
_original_terminate = ec2._terminate_instances
_lock = threading.RLock()

DEFAULT_IMAGE = "ami-00000000"
DEFAULT_TYPE = "t3.micro"
SPOT_REQUEST = "SpotRequest"
"""Key of the Spot request in MiniStack's record of an instance, which knows none."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What one instance is launched with, whatever asked for it (template, group, API)."""

    subnet: str
    image: str = DEFAULT_IMAGE
    instance_type: str = DEFAULT_TYPE
    key_name: str = ""
    security_groups: tuple[str, ...] = ()
    user_data: str = ""
    profile: str = ""
    """Name or ARN of the instance profile; empty for none."""
    public_address: bool | None = None
    """``None`` leaves it to the subnet's ``MapPublicIpOnLaunch``."""
    tags: Mapping[str, str] = field(default_factory=dict)
    spot: bool = False


def from_template(
    data: Mapping[str, Any], subnet: str, interface_groups: str, tags: Mapping[str, str] | None = None
) -> Launch:
    """Read ``LaunchTemplateData`` or the properties of ``AWS::EC2::Instance``.

    Parameters
    ----------
    data
        The properties; both types share the names that matter here.
    subnet
        Where to launch; empty takes the subnet of the first network interface, or ``SubnetId``.
    interface_groups
        Name of the security groups inside a network interface: ``"Groups"`` in a launch template,
        ``"GroupSet"`` in an instance.
    tags
        Tags of the instance from outside the data; they win over the template's.
    """
    interface: Mapping[str, Any] = next(iter(data.get("NetworkInterfaces") or ()), {})
    profile = data.get("IamInstanceProfile") or ""
    if isinstance(profile, dict):
        profile = profile.get("Arn") or profile.get("Name") or ""
    template_tags = {
        str(tag["Key"]): str(tag["Value"])
        for specification in data.get("TagSpecifications") or ()
        if specification.get("ResourceType") == "instance"
        for tag in specification.get("Tags") or ()
    }
    groups: Sequence[str] = interface.get(interface_groups) or data.get("SecurityGroupIds") or ()
    public = interface.get("AssociatePublicIpAddress")
    return Launch(
        subnet=str(subnet or interface.get("SubnetId") or data.get("SubnetId")),
        image=str(data.get("ImageId") or DEFAULT_IMAGE),
        instance_type=str(data.get("InstanceType") or DEFAULT_TYPE),
        key_name=str(data.get("KeyName") or ""),
        security_groups=tuple(groups),
        user_data=str(data.get("UserData") or ""),
        profile=str(profile),
        public_address=None if public is None else str(public).lower() == "true",
        tags=template_tags | dict(tags or {}),
        spot=(data.get("InstanceMarketOptions") or {}).get("MarketType") == "spot",
    )


def template_version(template_id: str, version: str) -> tuple[int, dict[str, Any]]:
    """Return number and data of a launch template's version.

    Parameters
    ----------
    template_id
        Id or name of the launch template.
    version
        A number, ``"$Latest"`` or ``"$Default"``.

    Raises
    ------
    LookupError
        When the template or the version does not exist; the text is AWS's.
    """
    template = ec2._launch_templates.get(template_id) or next(
        (t for t in ec2._launch_templates.values() if t["LaunchTemplateName"] == template_id), None
    )
    if template is None:
        raise LookupError(f"The specified launch template, with template ID {template_id}, does not exist.")
    number = {
        "$Latest": int(template["LatestVersionNumber"]),
        "$Default": int(template["DefaultVersionNumber"]),
    }.get(str(version)) or int(version)
    for candidate in template["Versions"]:
        if int(candidate["VersionNumber"]) == number:
            return number, candidate["LaunchTemplateData"]
    raise LookupError(f"Could not find launch template version {number} of {template_id}.")


def launch(wanted: Launch) -> dict[str, Any]:
    """Launch one running instance and return its record in MiniStack's store."""
    profile = None
    if wanted.profile:
        by_arn = wanted.profile.startswith("arn:")
        profile, _ = ec2._resolve_iam_instance_profile(
            iam_arn=wanted.profile if by_arn else "",
            iam_name="" if by_arn else wanted.profile,
            allow_missing=True,
        )
    (record,) = _launch_addressed(
        wanted.image,
        wanted.instance_type,
        wanted.subnet,
        1,
        key_name=wanted.key_name,
        user_data=wanted.user_data,
        sg_ids=list(wanted.security_groups),
        iam_profile=profile,
        public_address=wanted.public_address,
    )
    if wanted.spot:
        since = record["LaunchTime"]
        record[SPOT_REQUEST] = {
            "id": f"sir-{uuid.uuid4().hex[:8]}",
            "created": since,
            "updated": since,
            "interrupted": False,
        }
    if wanted.tags:
        ec2._tags[record["InstanceId"]] = [{"Key": k, "Value": v} for k, v in wanted.tags.items()]
    return record


def terminate(instance_id: str) -> None:
    """Terminate an instance; one that is unknown or already terminated is left as it is."""
    record = ec2._instances.get(instance_id)
    if record is not None and record["State"]["Name"] != "terminated":
        ec2._terminate_instances({"InstanceId.1": [instance_id]})


def is_running(instance_id: str) -> bool:
    """Tell whether EC2 still has the instance and reports it as running."""
    record = ec2._instances.get(instance_id)
    return record is not None and record["State"]["Name"] == "running"


def _launch_addressed(
    image_id: str,
    instance_type: str,
    subnet_id: str,
    count: int,
    key_name: str = "",
    user_data: str = "",
    sg_ids: list[str] | None = None,
    requested_private_ip: str | None = None,
    iam_profile: Any = None,  # noqa: ANN401 - MiniStack's own record
    public_address: bool | None = None,
) -> list[dict[str, Any]]:
    subnet = ec2._subnets.get(subnet_id)
    if subnet is None:
        raise LookupError(f"The subnet ID '{subnet_id}' does not exist")
    zone = subnet["AvailabilityZone"]
    public = subnet.get("MapPublicIpOnLaunch", False) if public_address is None else public_address
    launched: list[dict[str, Any]] = []
    for _ in range(count):
        with _lock:  # between choosing an address and storing it, nobody else may choose
            address = requested_private_ip or first_free(subnet["CidrBlock"], _used_addresses(subnet_id))
            (record,) = _original_launch(
                image_id, instance_type, subnet_id, 1, key_name, user_data, sg_ids, address, iam_profile
            )
        record["Placement"]["AvailabilityZone"] = zone
        record["PrivateDnsName"] = f"ip-{address.replace('.', '-')}.ec2.internal"
        set_public_address(record, ec2._random_ip("54.") if public else "")
        for mapping in record["BlockDeviceMappings"]:
            ec2._volumes[mapping["Ebs"]["VolumeId"]]["AvailabilityZone"] = zone
        launched.append(record)
    return launched


def set_public_address(record: dict[str, Any], address: str) -> None:
    """Give an instance's record a public address and its DNS name, or take both away with ``""``."""
    record["PublicIpAddress"] = address
    record["PublicDnsName"] = f"ec2-{address.replace('.', '-')}.compute-1.amazonaws.com" if address else ""


def _used_addresses(subnet_id: str) -> set[str]:
    return {
        record["PrivateIpAddress"]
        for record in ec2._instances.values()
        if record["SubnetId"] == subnet_id and record["State"]["Name"] != "terminated"
    }


def _terminate_without_addresses(parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - MiniStack's response
    response = _original_terminate(parameters)
    for record in ec2._instances.values():
        if record["State"]["Name"] == "terminated" and record["PrivateIpAddress"]:
            record["PrivateIpAddress"] = record["PrivateDnsName"] = ""
            record["SecurityGroups"] = []
            set_public_address(record, "")
    return response


def install() -> None:
    """Route every launch and termination of MiniStack through this module."""
    ec2._launch_instances_internal = _launch_addressed
    ec2._terminate_instances = _terminate_without_addresses
    ec2._ACTION_MAP["TerminateInstances"] = _terminate_without_addresses
