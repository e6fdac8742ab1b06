"""MiniStack's application with every gap installed, served on the loopback interface."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, cast

from hypercorn.asyncio import serve as serve_asgi
from hypercorn.config import Config

from cdk_app.sandbox.cloud import admin
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from hypercorn.typing import ASGIFramework

GAPS = (
    "compute.launch",
    "compute.describe",
    "compute.spot",
    "compute.key_pairs",
    "compute.elastic_addresses",
    "resources.instance",
    "resources.elastic_address",
    "resources.nat_gateway",
    "resources.security_group_rule",
    "resources.key_pair",
    "resources.archive",
    "resources.flow_log",
    "resources.api_validation",
    "resources.secret",
    "public_parameters",
    "auto_scaling.describe",
    "auto_scaling.actions",
    "auto_scaling.instance_actions",
    "auto_scaling.health",
    "auto_scaling.stack",
    "auto_scaling.hooks",
    "auto_scaling.warm_pools",
    "auto_scaling.refreshes",
    "gateway.calls",
    "gateway.templates",
    "gateway.integrations",
    "delivery.rules",
    "delivery.queue_target",
    "delivery.schedules",
    "functions.mappings",
    "functions.mapping_checks",
    "functions.interruptions",
    "permissions.functions",
    "metrics.alarms",
    "metrics.collection",
)
"""Modules below this package with an ``install()``, in the order of their installation."""

app = names("app", functions=("app",))
lambda_runtime = names("core.lambda_runtime", functions=("reset",))


def install_gaps() -> None:
    """Check and replace the names of MiniStack that every gap needs."""
    for gap in GAPS:
        importlib.import_module(f"cdk_app.sandbox.cloud.{gap}").install()


def serve(port: int, parent: int | None) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent process is gone.

    Parameters
    ----------
    port
        Port on 127.0.0.1.
    parent
        Process id to follow; ``None`` follows nobody.
    """
    install_gaps()
    application = cast("ASGIFramework", admin.with_admin(app.app))
    asyncio.run(_serve(application, port, parent))


async def _serve(application: ASGIFramework, port: int, parent: int | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if parent is not None:
        threading.Thread(target=_follow, args=(parent, loop, stop), daemon=True).start()
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    await serve_asgi(application, config, shutdown_trigger=stop.wait)
    lambda_runtime.reset()  # ends the functions' worker processes
    sys.stdout.flush()
    # Threads may wait for those functions for as long as a function may run; nobody waits for the threads.
    os._exit(0)


def _follow(parent: int, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    loop.call_soon_threadsafe(stop.set)
