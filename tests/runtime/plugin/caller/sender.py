"""Sends one request by the plugin's transport for a test: ``{"url", "certificates", "seconds"}``."""

from aws_asg.outcomes import LookAgain, Refused
from aws_asg.transport import Deadline, send

try:
    wanted = request.entity
    answer = send(
        "POST", wanted["url"], {}, request.entity["body"], Deadline(wanted["seconds"]), wanted["certificates"]
    )
    response.entity = {"status": answer.status, "text": answer.text}
except Refused as refusal:
    response.entity = {"refused": refusal.status, "reason": refusal.reason}
except LookAgain as unfinished:
    response.entity = {"look again": unfinished.reason}
