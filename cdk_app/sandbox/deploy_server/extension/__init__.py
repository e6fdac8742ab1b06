"""Endpoints of plugins below ``/api/extension``: their scripts run in real Jython 2.7."""

from cdk_app.sandbox.deploy_server.extension.archive import Endpoint, EndpointError
from cdk_app.sandbox.deploy_server.extension.jython import NoJythonError, find_jython
from cdk_app.sandbox.deploy_server.extension.scripts import ScriptAnswer, Scripts, ServiceError

__all__ = [
    "Endpoint",
    "EndpointError",
    "NoJythonError",
    "ScriptAnswer",
    "Scripts",
    "ServiceError",
    "find_jython",
]
