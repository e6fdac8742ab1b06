"""Runs endpoint scripts in one Java process, each request in a thread of its own. Python 2.7 (Jython).

Lines of JSON on standard input and output. In: ``{"run": N, "script": PATH, "request": {...}}`` and the
answers to calls, ``{"reply": M, "value": ...}`` or ``{"reply": M, "error": {"class", "message"}}``. Out:
calls of services, ``{"run": N, "call": M, "service": NAME, "arguments": [...]}``, and
``{"run": N, "answer": {...}}``.
"""

import json
import sys
import threading
import traceback

import deploy_api
from java.io import PrintStream
from java.lang import System, Throwable

_ROOT = sys.argv[1]


class Channel(object):
    """The two pipes, shared by all threads."""

    def __init__(self, source, sink):
        self._source = source
        self._sink = sink
        self._writing = threading.Lock()
        self._replies = {}
        self._last = 0

    def lines(self):
        """Yield the messages that come in."""
        for line in iter(self._source.readline, ""):
            yield json.loads(line)

    def send(self, message):
        """Write one message."""
        with self._writing:
            self._sink.println(json.dumps(message))

    def call(self, run, service, arguments):
        """Call a service of the server and return its value, or raise what it raises."""
        with self._writing:
            self._last += 1
            number = self._last
        waiting = self._replies[number] = [threading.Event(), None]
        self.send({"run": run, "call": number, "service": service, "arguments": arguments})
        waiting[0].wait()
        reply = waiting[1]
        if "error" in reply:
            raise deploy_api.error(reply["error"]["class"], reply["error"]["message"])
        return reply["value"]

    def reply(self, message):
        """Hand an answer to the thread that waits for it."""
        waiting = self._replies.pop(message["reply"])
        waiting[1] = message
        waiting[0].set()


class Output(object):
    """Standard output or error: each script's thread collects its own, others write to a real stream."""

    def __init__(self, real):
        self._real = real
        self._local = threading.local()

    def collect(self):
        """Collect what the current thread writes, in the list that is returned."""
        self._local.parts = []
        return self._local.parts

    def write(self, text):
        """Keep or pass on text of the current thread."""
        if hasattr(self._local, "parts"):
            self._local.parts.append(text)
        else:
            self._real.write(text)

    def flush(self):
        """Do nothing: what is kept is sent as a whole."""


def run(channel, message, stdout, stderr):
    """Run one script and send its answer."""
    calls = deploy_api.Calls(channel, message["run"])
    deploy_api.set_calls(calls)
    response = deploy_api.Response()
    written, complained = stdout.collect(), stderr.collect()
    names = {
        "__name__": "__main__",
        "request": deploy_api.Request(message["request"]),
        "response": response,
        "logger": deploy_api.Logger(stderr),
        "repositoryService": deploy_api.RepositoryService(calls),
        "Type": deploy_api.Type,
    }
    exception = None
    try:
        execfile("%s/%s" % (_ROOT, message["script"]), names)
    except (Exception, Throwable):
        exception = traceback.format_exc()
    answer = {"stdout": "".join(written), "stderr": "".join(complained), "exception": exception}
    answer.update(statusCode=response.statusCode, headers=response.headers, entity=response.entity)
    channel.send({"run": message["run"], "answer": answer})


def main():
    """Serve until standard input ends."""
    channel = Channel(sys.stdin, PrintStream(System.out, True, "UTF-8"))
    stdout, stderr = Output(sys.stderr), Output(sys.stderr)
    sys.stdout, sys.stderr = stdout, stderr
    sys.path.insert(0, _ROOT)
    deploy_api.install()
    for message in channel.lines():
        if "reply" in message:
            channel.reply(message)
        else:
            thread = threading.Thread(target=run, args=(channel, message, stdout, stderr))
            thread.setDaemon(True)
            thread.start()


main()
