"""Reads by the plugin's repository for a test: ``{"method": NAME, "arguments": [...]}``."""

from aws_asg.outcomes import Refused
from aws_asg.repository import Repository

try:
    method = getattr(Repository(repositoryService), request.entity["method"])
    response.entity = {"value": method(*request.entity["arguments"])}
except Refused as refusal:
    response.entity = {"refused": refusal.status, "reason": refusal.reason}
