"""DescribeInstances: the filters people use, refusal of unknown ones, no empty address elements.

MiniStack knows three filters and passes over every other one, which returns *more* than was asked for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Callable

ec2 = names(
    "services.ec2",
    functions=("_describe_instances", "_instance_xml", "_matches_filters", "_parse_filters", "_error"),
    stores=("_ACTION_MAP",),
)
_original_describe = ec2._describe_instances
_original_xml = ec2._instance_xml
_original_matches = ec2._matches_filters

_EMPTY_ELEMENT = re.compile(r"<(ipAddress|privateIpAddress|keyName)></\1>")

FILTERS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "availability-zone": lambda record: [record["Placement"]["AvailabilityZone"]],
    "dns-name": lambda record: [record["PublicDnsName"]],
    "iam-instance-profile.arn": lambda record: [(record.get("IamInstanceProfile") or {}).get("Arn", "")],
    "image-id": lambda record: [record["ImageId"]],
    "instance-id": lambda record: [record["InstanceId"]],
    "instance-state-name": lambda record: [record["State"]["Name"]],
    "instance-type": lambda record: [record["InstanceType"]],
    "instance.group-id": lambda record: [group["GroupId"] for group in record["SecurityGroups"]],
    "ip-address": lambda record: [record["PublicIpAddress"]],
    "key-name": lambda record: [record["KeyName"]],
    "network-interface.addresses.private-ip-address": lambda record: [record["PrivateIpAddress"]],
    "private-dns-name": lambda record: [record["PrivateDnsName"]],
    "private-ip-address": lambda record: [record["PrivateIpAddress"]],
    "subnet-id": lambda record: [record["SubnetId"]],
    "vpc-id": lambda record: [record["VpcId"]],
}
"""Values of a record that each filter compares (EC2 API reference, DescribeInstances)."""


def matches(record: dict[str, Any], filters: dict[str, list[str]]) -> bool:
    """Tell whether a record passes every filter that is not about tags."""
    return all(
        set(FILTERS[name](record)) & set(values) for name, values in filters.items() if name in FILTERS
    )


def _describe_instances(parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - MiniStack's response
    for name in ec2._parse_filters(parameters):
        if name not in FILTERS and not name.startswith("tag"):
            return ec2._error("InvalidParameterValue", f"The filter '{name}' is invalid", 400)
    return _original_describe(parameters)


def _matches_filters(record: dict[str, Any], filters: dict[str, list[str]]) -> bool:
    return bool(_original_matches(record, filters)) and matches(record, filters)


def _instance_xml(record: dict[str, Any]) -> str:
    return _EMPTY_ELEMENT.sub("", _original_xml(record))


def install() -> None:
    """Replace the action and the two functions that it calls."""
    ec2._ACTION_MAP["DescribeInstances"] = _describe_instances
    ec2._matches_filters = _matches_filters
    ec2._instance_xml = _instance_xml
