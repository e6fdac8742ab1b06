"""A stand-in for Digital.ai Deploy: its REST API, its repository, its deployments.

Usage::

    with DeployServer(ServerSettings(port=4516)) as server:
        print(server.url)
"""

from __future__ import annotations

from cdk_app.sandbox.deploy_server.server import DeployServer
from cdk_app.sandbox.deploy_server.settings import Behaviour, ServerSettings, User

__all__ = ["Behaviour", "DeployServer", "ServerSettings", "User"]
