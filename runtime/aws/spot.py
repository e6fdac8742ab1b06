"""Which Spot Instances EC2 takes back, by the status of their requests.

An interruption warning is only an event: it may be old, and anybody who may put events can imitate it. The
status of the instance's Spot request is EC2's own account. Codes after the EC2 user guide, "Spot request
status": when EC2 needs the capacity back and interruption means termination (the only behaviour that Auto
Scaling has), the code is ``instance-terminated-no-capacity`` **at once**, while the machine goes on running
for the two minutes of the notice; ``marked-for-termination`` is a notice too, of a request that is still
active. ``instance-terminated-by-price`` is the same for a maximum price that was exceeded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_ec2 import EC2Client

NOTICE_SECONDS = 120.0
"""Between the notice and the end of the machine (EC2 user guide, "Spot Instance interruption notices")."""

INTERRUPTED = ("instance-terminated-by-price", "instance-terminated-no-capacity", "marked-for-termination")

FILTER_VALUES = 200
"""The most that one filter of EC2 takes."""


def interruptions(ec2: EC2Client, requests: Mapping[str, str]) -> dict[str, float]:
    """Return when EC2 takes machines back, for those of which it says so.

    Parameters
    ----------
    ec2
        boto3 client.
    requests
        Instance id to id of its Spot request.

    Returns
    -------
    dict
        Instance id to seconds since the epoch.
    """
    found: dict[str, float] = {}
    wanted = sorted(requests.values())
    pages = ec2.get_paginator("describe_spot_instance_requests")
    for start in range(0, len(wanted), FILTER_VALUES):
        named = {"Name": "spot-instance-request-id", "Values": wanted[start : start + FILTER_VALUES]}
        status = {"Name": "status-code", "Values": list(INTERRUPTED)}
        for page in pages.paginate(Filters=[named, status]):  # type: ignore[list-item] # as EC2 takes them
            for request in page["SpotInstanceRequests"]:
                instance_id, updated = request.get("InstanceId", ""), request["Status"].get("UpdateTime")
                # A persistent request gets another machine once the one that was taken back is gone.
                if requests.get(instance_id) == request["SpotInstanceRequestId"]:
                    found[instance_id] = (updated.timestamp() if updated else 0.0) + NOTICE_SECONDS
    return found
