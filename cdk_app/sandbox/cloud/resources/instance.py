"""``AWS::EC2::Instance``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.compute import launch
from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.resources.types import register, tags

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.resources.types import Created, Properties

ec2 = names("services.ec2", stores=("_instances", "_tags", "_security_groups"))

IN_PLACE = frozenset(
    {"InstanceType", "Monitoring", "SecurityGroupIds", "SourceDestCheck", "Tags", "UserData"}
)
"""Properties whose change keeps the instance (CloudFormation reference); any other replaces it."""


def _create(_logical_id: str, properties: Properties, _stack: str) -> Created:
    wanted: dict[str, Any] = properties
    reference = properties.get("LaunchTemplate")
    if reference:
        name = reference.get("LaunchTemplateId") or reference.get("LaunchTemplateName")
        _, data = launch.template_version(name, str(reference["Version"]))
        wanted = data | properties
    record = launch.launch(launch.from_template(wanted, "", "GroupSet", tags(properties)))
    return record["InstanceId"], _attributes(record)


def _update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    record = ec2._instances.get(physical_id)
    if changed - IN_PLACE or record is None:
        return _create(logical_id, new, stack)
    fresh = launch.from_template(new, record["SubnetId"], "GroupSet", tags(new))
    record["InstanceType"] = fresh.instance_type
    record["UserData"] = fresh.user_data
    if "SecurityGroupIds" in changed:
        record["SecurityGroups"] = [
            {"GroupId": group, "GroupName": ec2._security_groups[group]["GroupName"]}
            for group in fresh.security_groups
        ]
    ec2._tags[physical_id] = [{"Key": key, "Value": value} for key, value in fresh.tags.items()]
    return physical_id, _attributes(record)


def _delete(physical_id: str, _properties: Properties) -> None:
    launch.terminate(physical_id)


def _attributes(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "InstanceId": record["InstanceId"],
        "AvailabilityZone": record["Placement"]["AvailabilityZone"],
        "PrivateDnsName": record["PrivateDnsName"],
        "PrivateIp": record["PrivateIpAddress"],
        "PublicDnsName": record["PublicDnsName"],
        "PublicIp": record["PublicIpAddress"],
        "VpcId": record["VpcId"],
    }


def install() -> None:
    """Register the type."""
    register("AWS::EC2::Instance", _create, _delete, _update)
