"""A server that is too slow ends with a reason, before Lambda ends the function without one."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from runtime.deploy.client import DeployClient
from runtime.deploy.transport import Credentials, Transport
from runtime.seeding.errors import OutOfTimeError, SeedError
from runtime.seeding.model import parse
from runtime.seeding.seeder import Seeder
from runtime.seeding.time_limit import TimeLimit
from tests.runtime.seeding.test_seeder import BASTION, ENVIRONMENT, PROPERTIES, Site
from tests.runtime.twins.aws import TwinSecrets
from tests.runtime.twins.records import TwinRecords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEPT_TO_UNDO, KEPT_TO_ANSWER = 60.0, 15.0


class Invocation:
    """The time of one invocation; `kept` is what the seeder keeps for later."""

    def __init__(self, seconds: float, kept: float) -> None:
        self._end = time.monotonic() + seconds + kept

    def remaining(self) -> float:
        return self._end - time.monotonic()


def hanging(item: str) -> Callable[[str, str, str], None]:
    """Return a fault: the server never answers to the creation of this CI."""

    def hang(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("POST", "before") and path.endswith(item):
            threading.Event().wait(30)

    return hang


def test_the_reason_names_where_it_was_and_what_was_made_is_taken_back() -> None:
    site = Site()
    site.twin.faults.append(hanging(ENVIRONMENT))
    limit = TimeLimit(Invocation(0.3, KEPT_TO_UNDO).remaining)
    started = time.monotonic()
    with pytest.raises(SeedError) as caught:
        site.seeder(limit).apply(parse(site.properties))
    assert time.monotonic() - started < 10
    assert str(caught.value) == (
        f"Deploy answers too slowly: the function's time ran out while at {ENVIRONMENT}; look at the load of "
        "the server, then deploy the stack again"
    )
    assert site.twin.items == {}
    assert site.records.ids == {}


def test_there_is_no_beginning_without_time() -> None:
    site = Site()
    with pytest.raises(SeedError, match="ran out while at the server's properties"):
        site.seeder(TimeLimit(lambda: KEPT_TO_UNDO)).apply(parse(site.properties))
    assert site.twin.calls == []


def test_a_removal_that_takes_too_long_names_what_is_left_and_keeps_it_on_record() -> None:
    site = Site()
    site.apply()

    def slow(method: str, path: str, phase: str) -> None:
        if (method, phase) == ("DELETE", "before") and path.endswith(BASTION):
            threading.Event().wait(30)

    site.twin.faults.append(slow)
    limit = TimeLimit(Invocation(0.3, KEPT_TO_ANSWER).remaining)
    report = site.seeder(limit).remove(parse(site.properties))
    assert f"{BASTION} (the function's time ran out)" in report.retained
    assert set(site.twin.items) == set(site.records.ids["web"])
    assert {text.partition(" (")[0] for text in report.retained} == set(site.twin.items)


@contextmanager
def dripping() -> Iterator[str]:
    """Answer byte by byte: no time limit between bytes ever ends that."""
    listener, done = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not done.wait(0.02):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    done.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_an_answer_that_never_ends_ends() -> None:
    with dripping() as url:
        deploy = DeployClient(Transport(url, lambda _fresh: Credentials("amy", "secret")))
        limit = TimeLimit(Invocation(0.3, KEPT_TO_UNDO).remaining)
        with pytest.raises(SeedError, match="Deploy answers too slowly"):
            Seeder(deploy, TwinSecrets(), TwinRecords(), limit).apply(parse(PROPERTIES))


def test_what_ends_in_time_is_not_disturbed_afterwards() -> None:
    limit = TimeLimit(Invocation(0.05, 0).remaining)
    with limit.leaving(0):
        pass
    assert not threading.Event().wait(0.1)
    with pytest.raises(OutOfTimeError), limit.leaving(0):
        pass
