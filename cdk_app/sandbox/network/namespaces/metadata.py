"""The instance metadata service, version 2, as far as a user data script asks for the key pair.

Run as a program: ``metadata.py ADDRESS FILE`` serves the public key in FILE at ``http://ADDRESS/latest/``.
"""

from __future__ import annotations

import secrets
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_TOKEN = secrets.token_urlsafe()


class _Metadata(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        if self.path == "/latest/api/token" and "X-aws-ec2-metadata-token-ttl-seconds" in self.headers:
            self._answer(HTTPStatus.OK, _TOKEN)
        else:
            self._answer(HTTPStatus.BAD_REQUEST, "")

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != _TOKEN:
            self._answer(HTTPStatus.UNAUTHORIZED, "")
        elif self.path == "/latest/meta-data/public-keys/0/openssh-key":
            self._answer(HTTPStatus.OK, Path(sys.argv[2]).read_text(encoding="ascii"))
        else:
            self._answer(HTTPStatus.NOT_FOUND, "")

    def _answer(self, status: HTTPStatus, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], 80), _Metadata).serve_forever()
