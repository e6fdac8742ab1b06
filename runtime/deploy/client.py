"""One Deploy server as the rest of the runtime sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.deploy.deployments import Deployments
from runtime.deploy.metadata import Metadata
from runtime.deploy.repository import Repository
from runtime.deploy.security import Security
from runtime.deploy.server import Server
from runtime.deploy.tasks import Tasks

if TYPE_CHECKING:
    from runtime.deploy.transport import Transport


class DeployClient:
    """The services of one server, over one connection.

    Attributes
    ----------
    repository, deployments, tasks, metadata, security, server
        The services.
    transport : Transport
        What they share.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.metadata = Metadata(transport)
        self.repository = Repository(transport, self.metadata)
        self.deployments = Deployments(transport)
        self.tasks = Tasks(transport)
        self.security = Security(transport)
        self.server = Server(transport)

    @property
    def account(self) -> str:
        """The account's name; empty with a personal access token."""
        return self.transport.username

    def protect(self, secret: str) -> None:
        """Blot `secret` out of every text of the server that may be told, from now on."""
        self.transport.protect(secret)
