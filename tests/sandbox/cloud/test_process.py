from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cdk_app.sandbox.cloud import Cloud, CloudStartError

from .making import make_function

PROC = Path("/proc")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in (PROC / str(pid) / "status").read_text()


def test_it_starts_quickly_listens_on_loopback_only_and_leaves_nothing_but_its_log(tmp_path: Path) -> None:
    started = time.monotonic()
    with Cloud(tmp_path) as cloud:
        assert time.monotonic() - started < 1.5 * 4  # the bound on a quiet machine, with room for a busy one
        assert cloud.environment["AWS_ENDPOINT_URL"] == cloud.endpoint
        cloud.client("sqs").create_queue(QueueName="alive")
        listening = {
            line.split()[1]
            for table in ("tcp", "tcp6")
            for line in (PROC / "net" / table).read_text().splitlines()[1:]
            if line.split()[3] == "0A" and int(line.split()[1].rpartition(":")[2], 16) == cloud.port
        }
        assert listening == {f"0100007F:{cloud.port:04X}"}
    assert [path.name for path in tmp_path.iterdir()] == ["cloud.log"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", cloud.port), timeout=1)


def test_it_ends_its_functions_workers(tmp_path: Path) -> None:
    with Cloud(tmp_path) as cloud:
        make_function(cloud, "pid", "import os\ndef handler(event, context):\n    return os.getpid()\n")
        answer = cloud.client("lambda").invoke(FunctionName="pid")
        worker = int(answer["Payload"].read())
        assert alive(worker)
    assert not alive(worker)


def test_it_says_why_it_cannot_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with (
            pytest.raises(CloudStartError, match=r"(?s)did not start on port.*ddress already in use"),
            Cloud(tmp_path, port=port),
        ):
            pass


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib\n"
        "from cdk_app.sandbox.cloud import Cloud\n"
        "cloud = Cloud(pathlib.Path(sys.argv[1])).__enter__()\n"
        "print(cloud.port, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run(  # noqa: S603 - this interpreter and the text above
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=30,
    )
    port = int(killed.stdout)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.05)
    pytest.fail("the server outlived its parent")
