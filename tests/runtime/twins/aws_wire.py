"""The two calls about instances on the wire, answered from a group in memory."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from tests.runtime.twins.aws import TwinGroup


class AwsWire:
    """Auto Scaling and EC2 on the loopback interface.

    Attributes
    ----------
    group
        The group whose instances there are.
    throttled
        How many of the next calls are refused with ``Throttling``.
    """

    def __init__(self) -> None:
        self.group: TwinGroup | None = None
        self.throttled = 0
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status, body = wire.answer({name: values[0] for name, values in form.items()})
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, form: dict[str, str]) -> tuple[int, str]:
        assert self.group is not None
        if self.throttled:
            self.throttled -= 1
            return 400, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"
        if form["Action"] == "DescribeAutoScalingInstances":
            instance = self.group.instances.get(form["InstanceIds.member.1"])
            members = ""
            if instance:
                name, state = escape(self.group.name), instance.lifecycle
                members = (
                    f"<member><AutoScalingGroupName>{name}</AutoScalingGroupName>"
                    f"<LifecycleState>{state}</LifecycleState></member>"
                )
            return 200, f"<R><A><AutoScalingInstances>{members}</AutoScalingInstances></A></R>"
        assert form["Action"] == "DescribeInstances"
        assert form["Filter.1.Name"] == "instance-id"
        wanted = [value for name, value in form.items() if name.startswith("Filter.1.Value.")]
        items = "".join(
            f"<item><instanceId>{instance_id}</instanceId>"
            f"<instanceState><name>{machine.state}</name></instanceState>"
            f"<privateIpAddress>{machine.address}</privateIpAddress></item>"
            for instance_id, machine in self.group.machines(wanted).items()
        )
        return (
            200,
            f"<R><reservationSet><item><instancesSet>{items}</instancesSet></item></reservationSet></R>",
        )
