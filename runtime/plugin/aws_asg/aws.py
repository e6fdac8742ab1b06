"""Asks Auto Scaling and EC2 about one instance, with the access key of an ``aws.Cloud`` CI.

The launch event does not hold the private address, and no event tells whether the instance is still there.
Needs ``autoscaling:DescribeAutoScalingInstances`` and ``ec2:DescribeInstances``.
"""

import os
import time
from urllib import urlencode

from urlparse import urlsplit

from aws_asg import instances
from aws_asg.outcomes import LookAgain, Refused
from aws_asg.signing import signed_headers
from aws_asg.transport import send


class Aws(object):
    """The two services in one region.

    Parameters
    ----------
    key_id, secret
        Access key.
    region
        Region of the group.
    deadline
        When the answers must be there.
    environ
        Variables of the server's process: the standard ``AWS_ENDPOINT_URL`` ones are honoured.
    """

    def __init__(self, key_id, secret, region, deadline, environ=os.environ):
        self._key_id = key_id
        self._secret = secret
        self._region = region
        self._deadline = deadline
        self._environ = environ

    def look_at(self, group, instance_id):
        """Return the `instances.Instance` of a group."""
        asked = {"Action": "DescribeAutoScalingInstances", "InstanceIds.member.1": instance_id}
        lifecycle = instances.lifecycle_in(self._ask("autoscaling", "AUTO_SCALING", "2011-01-01", asked))
        machine = self._machines([instance_id]).get(instance_id)
        return instances.instance(instance_id, group, lifecycle, machine)

    def dead(self, instance_ids):
        """Return those of some instances whose machines are gone or going."""
        machines = self._machines(instance_ids)
        return [each for each in instance_ids if not instances.is_alive(machines.get(each))]

    def _machines(self, instance_ids):
        # By a filter: EC2 forgets terminated instances after about an hour, and refuses ids it does not know.
        asked = {"Action": "DescribeInstances", "Filter.1.Name": "instance-id"}
        for number, instance_id in enumerate(instance_ids, 1):
            asked["Filter.1.Value.%d" % number] = instance_id
        return instances.machines_in(self._ask("ec2", "EC2", "2016-11-15", asked))

    def _ask(self, service, variable, version, form):
        endpoint = self._environ.get("AWS_ENDPOINT_URL_" + variable) or self._environ.get("AWS_ENDPOINT_URL")
        if not endpoint:
            domain = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
            endpoint = "https://%s.%s.%s" % (service, self._region, domain)
        body = urlencode(sorted(dict(form, Version=version).items()))
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        host = urlsplit(endpoint).netloc
        headers = signed_headers(self._key_id, self._secret, service, self._region, host, body, now)
        answer = send("POST", endpoint.rstrip("/") + "/", headers, body, self._deadline)
        if answer.status == 200:
            return answer.text
        code, message = instances.error_in(answer.text)
        told = "AWS %s: %d %s %s" % (form["Action"], answer.status, code, message[:200])
        if answer.status == 429 or answer.status >= 500 or code in ("Throttling", "RequestLimitExceeded"):
            raise LookAgain(told)
        raise Refused(422, told)
