"""A stand-in of WinRM, the remote shell of Windows: its server has no implementation for other systems.

It speaks the command shell of MS-WSMV over HTTP with basic authentication, and runs what it is given with
the shell of this machine, not with ``cmd.exe``. It knows one user. What it does not have, it refuses with a
fault. ``test_winrm_server.py`` holds it against a client that is neither ours nor the vendor's.
"""

from __future__ import annotations

import base64
import binascii
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.windows_host.messages import Fault, fault, read
from tests.windows_host.shells import Shells

_PATH = "/wsman"
_CONTENT_TYPE = "application/soap+xml;charset=UTF-8"


class _Server(ThreadingHTTPServer):
    def __init__(self, shells: Shells, login: bytes, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.shells = shells
        self.login = login
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != _PATH:
            self._reply(HTTPStatus.NOT_FOUND)
        elif not self._may_come_in():
            self._reply(HTTPStatus.UNAUTHORIZED)
        else:
            self._reply(*self._answer(data))

    def _may_come_in(self) -> bool:
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        try:
            return scheme.lower() == "basic" and base64.b64decode(given) == self.server.login
        except binascii.Error:
            return False

    def _answer(self, data: bytes) -> tuple[HTTPStatus, bytes]:
        message_id = ""
        try:
            request = read(data)
            message_id = request.message_id
            return HTTPStatus.OK, self.server.shells.answer(request)
        except Fault as error:
            return fault(error.problem, message_id)

    def _reply(self, status: HTTPStatus, data: bytes = b"") -> None:
        self.send_response(status)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="WSMAN"')
        if data:
            self.send_header("Content-Type", _CONTENT_TYPE)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def winrm_server(
    home: Path, *, username: str, password: str, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Let one user run commands on this machine.

    Parameters
    ----------
    home
        Directory that commands begin in.
    username, password
        Who is let in; commands belong to who runs the tests.
    tls
        Of an HTTPS listener; without it, WinRM is in the clear.

    Yields
    ------
    int
        Port of WinRM at 127.0.0.1.
    """
    shells = Shells(home)
    with _Server(shells, f"{username}:{password}".encode(), tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
            shells.close()
