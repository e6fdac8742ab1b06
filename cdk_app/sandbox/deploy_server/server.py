"""A stand-in that runs in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import uvicorn

from cdk_app.sandbox.deploy_server.composition import compose
from cdk_app.sandbox.deploy_server.extension import Scripts
from cdk_app.sandbox.deploy_server.remoting import DirectNetwork
from cdk_app.sandbox.deploy_server.settings import ServerSettings
from cdk_app.sandbox.deploy_server.wire.app import create_app
from cdk_app.sandbox.deploy_server.wire.testing import DroppableProtocol

if TYPE_CHECKING:
    from types import TracebackType

    from cdk_app.sandbox.deploy_server.remoting import Network
    from cdk_app.sandbox.deploy_server.testing import Faults, Journal

_BACKLOG = 2048


class DeployServer:
    """Runs a stand-in of Digital.ai Deploy as a context manager.

    The socket listens when the constructor returns, so a client need not wait for anything.

    Parameters
    ----------
    settings
        How to run and behave.
    network
        Way to hosts; the network of this machine when not given.

    Raises
    ------
    OSError
        The port is taken.
    SyntheticError, EndpointError
        A plugin is not one that a server would load.
    """

    def __init__(self, settings: ServerSettings | None = None, *, network: Network | None = None) -> None:
        self.settings = settings or ServerSettings()
        self.deploy = compose(self.settings, network or DirectNetwork())
        self._scripts = Scripts(map(Path, self.settings.plugins), self.settings.script_environment)
        self._scripts.open()
        self._socket = _listen(self.settings.host, self.settings.port)
        config = uvicorn.Config(
            create_app(self.deploy, self._scripts),
            log_config=None,
            access_log=False,
            http=DroppableProtocol,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="deploy-stand-in", daemon=True)

    @property
    def url(self) -> str:
        """Root of the REST API, ending in ``/deployit``."""
        host, port = self._socket.getsockname()[:2]
        context = self.settings.behaviour.context_root.strip("/")
        return f"http://{host}:{port}/{context}/deployit" if context else f"http://{host}:{port}/deployit"

    def start(self) -> None:
        """Start to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End everything, running tasks included, and wait for it."""
        self._server.should_exit = True
        self._thread.join()
        self._scripts.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def faults(self) -> Faults:
        """Faults that tests ask for."""
        return self.deploy.faults

    @property
    def journal(self) -> Journal:
        """The requests so far."""
        return self.deploy.journal

    def issue_token(self, user: str) -> str:
        """Return a personal access token for a user, as the real server gives out in its user interface."""
        return self.deploy.security.issue_token(user)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self.deploy.tasks.engine.resume(self.deploy.tasks.tasks.values())
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            await self.deploy.tasks.engine.close()
            self._socket.close()
            self.deploy.scratch.cleanup()
            if self.deploy.database is not None:
                self.deploy.database.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol asyncio does not set TCP_NODELAY, and each answer waits 40 ms for the client's ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        msg = f"cannot listen on {host} port {port}: {error.strerror}; choose another port, 0 for a free one"
        raise OSError(msg) from error
    listener.listen(_BACKLOG)
    return listener
