"""A large environment: 1,000 hosts and 10 deployables, ten times the largest that the vendor's tests have."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOSTS = 1000
DEPLOYABLES = 10
PREPARE_AND_CREATE_SECONDS = 2.0
QUERY_SECONDS = 0.5
MEGABYTES = 300
MARGIN = 4.0
"""The targets are for an idle machine; a loaded one may take this many times as long."""


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", "cdk_app.sandbox.deploy_server", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        assert process.stdout is not None
        try:
            match = re.search(r"http\S+", process.stdout.readline())
            assert match is not None
            yield match.group(0), process.pid
        finally:
            process.terminate()


class Client:
    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.auth = ("admin", "admin")
        self._session.headers["Accept"] = "application/json"

    def call(self, method: str, path: str, body: object = None, **query: str) -> Any:  # noqa: ANN401 - JSON
        response = self._session.request(method, self._url + path, params=query, json=body, timeout=60)
        assert response.ok, response.text
        return response.json() if response.content else None


def peak_megabytes(pid: int) -> float:
    """Peak memory of a process, from Linux."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_thousand_hosts_in_one_environment(
    server: tuple[str, int], record_property: Callable[[str, object], None]
) -> None:
    url, pid = server
    client = Client(url)
    hosts = [
        {"id": f"Infrastructure/h{number}", "type": "overthere.LocalHost", "os": "UNIX"}
        for number in range(HOSTS)
    ]
    client.call("POST", "/repository/cis", hosts)
    members = [host["id"] for host in hosts]
    commands = [
        {"id": f"Applications/Big/1/c{number}", "type": "cmd.Command", "commandLine": "true"}
        for number in range(DEPLOYABLES)
    ]
    client.call(
        "POST",
        "/repository/cis",
        [
            {"id": "Environments/Big", "type": "udm.Environment", "members": members},
            {"id": "Applications/Big", "type": "udm.Application"},
            {"id": "Applications/Big/1", "type": "udm.DeploymentPackage"},
            *commands,
        ],
    )

    started = time.perf_counter()
    prepared = client.call(
        "GET", "/deployment/prepare/initial", version="Applications/Big/1", environment="Environments/Big"
    )
    mapped = client.call("POST", "/deployment/prepare/deployeds", prepared)
    task = client.call("POST", "/deployment", mapped)["string"]
    deployment_seconds = time.perf_counter() - started

    assert len(mapped["deployeds"]) == HOSTS * DEPLOYABLES
    assert len(client.call("GET", f"/tasks/v2/{task}/block/0_1_1/step")["steps"]) == HOSTS * DEPLOYABLES
    assert deployment_seconds < PREPARE_AND_CREATE_SECONDS * MARGIN

    started = time.perf_counter()
    found = client.call("GET", "/repository/query", type="overthere.Host", resultsPerPage="-1")
    query_seconds = time.perf_counter() - started
    assert len(found) == HOSTS
    assert query_seconds < QUERY_SECONDS * MARGIN
    assert peak_megabytes(pid) < MEGABYTES
    record_property("prepare and create (s)", round(deployment_seconds, 2))
    record_property("query (s)", round(query_seconds, 3))
    record_property("peak (MB)", round(peak_megabytes(pid)))
