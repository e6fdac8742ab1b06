"""The server as a command."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import requests
import xldeploy

from cdk_app.sandbox.deploy_server import DeployServer
from cdk_app.sandbox.deploy_server.__main__ import PASSWORD_VARIABLE, main

if TYPE_CHECKING:
    from pathlib import Path

READY_SECONDS = 2.0
MARGIN = 4.0
"""The target is for an idle machine; a loaded one may take this many times as long."""


@pytest.mark.parametrize("module", [["cdk_app.sandbox", "deploy-server"], ["cdk_app.sandbox.deploy_server"]])
def test_it_is_ready_soon_and_ends_when_told(module: list[str]) -> None:
    started = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", *module, "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, PASSWORD_VARIABLE: "secret"},
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        seconds = time.monotonic() - started
        assert requests.get(f"{url}/server/info", auth=("admin", "secret"), timeout=5).status_code == 200
        assert seconds < READY_SECONDS * MARGIN
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as ended:
        port = str(taken.getsockname()[1])
        main(["--port", port])
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        f"deploy-server: cannot listen on 127.0.0.1 port {port}: Address already in use; "
        "choose another port, 0 for a free one\n"
    )
    with pytest.raises(SystemExit):
        main(["--port", "99999"])
    assert "argument --port: got '99999', expected a number from 0 to 65535" in capsys.readouterr().err
    plugin = tmp_path / "synthetic.xml"
    plugin.write_text('<synthetic><type type="a.B" extends="no.Such"/></synthetic>')
    with pytest.raises(SystemExit):
        main(["--port", "0", "--plugin", str(plugin)])
    assert capsys.readouterr().err == "deploy-server: Type a.B extends the unknown type no.Such\n"


def test_the_vendors_sdk_logs_in_by_password_and_by_token() -> None:
    with DeployServer() as server:
        host, port = server.url.split("/")[2].split(":")
        by_password = xldeploy.Client(xldeploy.Config(host=host, port=port))
        by_password.http_client.authenticate()
        token = server.issue_token("admin")
        config = xldeploy.Config(host=host, port=port, authentication_method="pat", token=token)
        by_token = xldeploy.Client(config)
        by_token.http_client.authenticate()
        assert isinstance(by_token.metadata.list_descriptors(), list)
        config.token = "dpa_wrong"
        with pytest.raises(ValueError, match="not authenticated"):
            by_token.http_client.authenticate()
