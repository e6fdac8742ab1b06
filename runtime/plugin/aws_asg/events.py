"""Reads an event of Amazon EC2 Auto Scaling: whole, as its detail alone, or reduced by the API's mapping.

The event only says where to look. What is done follows from what AWS and Deploy say at that moment, so a
repeated, late or overtaken event does no harm.
"""

import re
from collections import namedtuple

from aws_asg.outcomes import Refused

DETAIL_TYPES = (
    "EC2 Instance Launch Successful",
    "EC2 Instance Terminate Successful",
    "EC2 Instance-launch Lifecycle Action",
    "EC2 Instance-terminate Lifecycle Action",
)

_INSTANCE = re.compile(r"i-[0-9a-f]{8,17}\Z")

Event = namedtuple("Event", ["group", "instance", "account", "region"])
"""Name of the group, id of the instance; account and region are None when only the detail was sent."""


def read_event(body):
    """Return the `Event` in a request's body.

    Parameters
    ----------
    body
        The parsed JSON: the EventBridge envelope with ``detail``, or the detail alone.

    Raises
    ------
    Refused
        With status 400 when it is neither, or an event of another source or type.
    """
    if not isinstance(body, dict):
        raise Refused(400, "body: expected an event as JSON object")
    detail = body.get("detail", body)
    if not isinstance(detail, dict):
        raise Refused(400, "detail: expected an object")
    if detail is not body:
        if body.get("source") != "aws.autoscaling":
            raise Refused(400, "source: got %s, expected aws.autoscaling" % _shown(body.get("source")))
        if body.get("detail-type") not in DETAIL_TYPES:
            raise Refused(
                400,
                "detail-type: got %s, expected one of: %s"
                % (_shown(body.get("detail-type")), ", ".join(DETAIL_TYPES)),
            )
    group, instance = detail.get("AutoScalingGroupName"), detail.get("EC2InstanceId")
    if not _is_text(group) or not 0 < len(group) <= 255:
        raise Refused(
            400, "AutoScalingGroupName: got %s, expected a name of 1 to 255 characters" % _shown(group)
        )
    if not _is_text(instance) or not _INSTANCE.match(instance):
        raise Refused(400, "EC2InstanceId: got %s, expected an instance id" % _shown(instance))
    return Event(group, instance, _text_or_none(body.get("account")), _text_or_none(body.get("region")))


def _is_text(value):
    return isinstance(value, basestring)


def _text_or_none(value):
    return value if _is_text(value) and value else None


def _shown(value):
    return repr(value)[:80] if value is not None else "nothing"
