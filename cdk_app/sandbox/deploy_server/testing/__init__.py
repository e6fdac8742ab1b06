"""What tests of a client need and no real server has: faults on demand, and a journal of requests."""

from cdk_app.sandbox.deploy_server.testing.faults import Faults, RequestFault, StepFault
from cdk_app.sandbox.deploy_server.testing.journal import Call, Journal

__all__ = ["Call", "Faults", "Journal", "RequestFault", "StepFault"]
