"""One Java process that runs the endpoint scripts of all plugins."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cdk_app.sandbox.deploy_server.extension.archive import Endpoint, unpack
from cdk_app.sandbox.deploy_server.extension.jython import find_jython

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

_MAIN = Path(__file__).parent / "jvm" / "main.py"
_END_SECONDS = 5.0

Service = Callable[..., Any]
"""Performs a call of a script: name of the operation and its arguments. Raises `ServiceError`."""


class ServiceError(Exception):
    """A refusal that a script sees as an exception of this class name."""

    def __init__(self, class_name: str, message: str) -> None:
        super().__init__(message)
        self.class_name = class_name


@dataclass(frozen=True, slots=True)
class ScriptAnswer:
    """What a script left behind.

    Attributes
    ----------
    status
        Status that it set, ``None`` if it set none.
    exception
        Trace of an exception that it did not catch.
    """

    status: int | None
    headers: Mapping[str, str]
    entity: object
    stdout: str
    stderr: str
    exception: str | None

    @property
    def http_status(self) -> int:
        """Status of the response: 500 after an exception, whatever the script set; 200 by default."""
        return 500 if self.exception is not None else self.status or 200

    @property
    def body(self) -> dict[str, object]:
        """The wrapper in which every answer is put."""
        return {
            "entity": self.entity,
            "stdout": self.stdout,
            "stderr": self.stderr,
            "exception": self.exception,
        }


class Scripts:
    """The endpoints of plugins, run in real Jython.

    Parameters
    ----------
    plugins
        Archives or directories, in load order.
    environment
        Variables of the Java process, besides ``PATH`` and the language.

    Attributes
    ----------
    endpoints : tuple of Endpoint
        What the plugins offer; known once they are unpacked.
    """

    def __init__(self, plugins: Iterable[Path], environment: Mapping[str, str] | None = None) -> None:
        self._plugins = tuple(plugins)
        self._environment = dict(environment or {})
        self._runs: dict[int, tuple[Service, Future[ScriptAnswer]]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.endpoints: tuple[Endpoint, ...] = ()

    def open(self) -> None:
        """Unpack the plugins. Java is started when the first script is to run."""
        # Ends at the latest with the object, so no run leaves directories behind.
        self._directory = tempfile.TemporaryDirectory(prefix="deploy-plugins-")
        self.endpoints = unpack(self._plugins, Path(self._directory.name))

    def close(self) -> None:
        """End the Java process, and what reads from it."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join()
        self._directory.cleanup()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def find(self, method: str, path: str) -> Endpoint | None:
        """Return the endpoint for a method and a path below ``/api/extension``."""
        return next((e for e in self.endpoints if (e.method, e.path) == (method, path)), None)

    def run(
        self, endpoint: Endpoint, entity: object, query: Mapping[str, str], service: Service
    ) -> Future[ScriptAnswer]:
        """Start a script and return its answer to come.

        Parameters
        ----------
        entity
            Parsed body of the request, or None.
        query
            Query parameters.
        service
            Called, in a thread of this object, for what the script asks of the server.

        Raises
        ------
        NoJythonError
            When there is no Jython on this machine.
        """
        answer: Future[ScriptAnswer] = Future()
        request = {"entity": entity, "query": dict(query)}
        with self._lock:
            if self._process is None:
                self._process = self._start()
            number = next(self._numbers)
            self._runs[number] = (service, answer)
            _send(self._process, {"run": number, "script": endpoint.script, "request": request})
        return answer

    def _start(self) -> subprocess.Popen[str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        # Our own command; variables of this machine, such as credentials, stay out.
        process = subprocess.Popen(  # noqa: S603
            [*find_jython(), str(_MAIN), self._directory.name],
            env=kept | self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(
            target=self._read, args=(process,), name="endpoint-scripts", daemon=True
        )
        self._reader.start()
        return process

    def _read(self, process: subprocess.Popen[str]) -> None:
        # Its end closes both pipes and waits for the process.
        with process, contextlib.suppress(BrokenPipeError):
            for line in process.stdout or ():
                self._hear(process, json.loads(line))
        with self._lock:
            lost, self._runs = self._runs, {}
            if self._process is process:
                self._process = None
        for _, answer in lost.values():
            answer.set_exception(RuntimeError("the Java process of the endpoint scripts has ended"))

    def _hear(self, process: subprocess.Popen[str], message: dict[str, Any]) -> None:
        if "call" in message:
            service, _ = self._runs[message["run"]]
            # A thread for each call: a slow one must not hold up the other scripts.
            threading.Thread(target=self._serve, args=(process, service, message), daemon=True).start()
        else:
            _, answer = self._runs.pop(message["run"])
            fields = message["answer"]
            fields["status"] = fields.pop("statusCode")
            answer.set_result(ScriptAnswer(**fields))

    def _serve(self, process: subprocess.Popen[str], service: Service, message: Mapping[str, Any]) -> None:
        reply: dict[str, object] = {"reply": message["call"]}
        try:
            reply["value"] = service(message["service"], *message["arguments"])
        except ServiceError as error:
            reply["error"] = {"class": error.class_name, "message": str(error)}
        with self._lock:
            _send(process, reply)


def _send(process: subprocess.Popen[str], message: Mapping[str, object]) -> None:
    # A process that has ended takes nothing; whoever reads from it tells those who wait.
    with contextlib.suppress(OSError, ValueError):
        assert process.stdin is not None  # noqa: S101 - for the type checker; it is a pipe
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
