"""From a hint to the start of the Deploy task, against the stand-in over HTTP."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.deploy_server import DeployServer, ServerSettings, User
from runtime.deploy.client import DeployClient
from runtime.deploy.transport import Transport
from runtime.reconciliation.reconciler import Hint, Reconciler
from runtime.seeding.seeder import Seeder
from tests.bench.matrix import CALL_SECONDS
from tests.runtime.contract.conftest import PLUGIN, SEED, Bench, WallClock
from tests.runtime.contract.ssh import Hosts
from tests.runtime.twins.aws import TwinGroup, TwinSecrets
from tests.runtime.twins.records import TwinRecords
from tests.runtime.twins.world import config

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 60


class _Slow(Transport):
    """A transport with the network's way in between; notes when a task is started."""

    started_at = 0.0

    def _call(self, method: str, path: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on
        time.sleep(CALL_SECONDS)
        answer = super()._call(method, path, *rest, **more)
        if path.endswith("/start"):
            self.started_at = time.perf_counter()
        return answer


def hint_to_task() -> dict[str, float]:
    """Return the percentiles as in the JSON."""
    seconds = sorted(_runs())
    return {
        "p50": round(statistics.median(seconds), 3),
        "p99": round(seconds[min(len(seconds) - 1, round(0.99 * len(seconds)))], 3),
        "runs": len(seconds),
    }


def _runs() -> Iterator[float]:
    settings = ServerSettings(users=(User("reconciler", "secret", admin=True),), plugins=(PLUGIN,))
    clock = WallClock()
    group = TwinGroup(clock)  # type: ignore[arg-type] # real time stands in for the twin's
    with (
        tempfile.TemporaryDirectory() as directory,
        Hosts(Path(directory)) as hosts,
        DeployServer(settings, network=hosts) as server,
    ):
        bench = Bench(server, hosts, config(jumpstation=None, secrets={}), group)
        Seeder(bench.deploy, TwinSecrets(), TwinRecords()).apply(SEED)
        bench.group.scale(1)
        bench.reconcile()
        bench.release(bench.package("1.0", "a"))
        bench.reconcile()
        slow = _Slow(server.url, bench.deploy.transport._credentials)
        client = DeployClient(slow)
        for number in range(RUNS):
            # To and fro, so that the environment stays small; only the way out starts a task for a new host.
            group.scale(2)
            begin = time.perf_counter()
            Reconciler(
                group, client, TwinSecrets(), bench.queue, bench.ledger, WallClock(), bench.report
            ).reconcile(bench.config, Hint(time.time()))
            if number:  # the first one also asks for types
                yield slow.started_at - begin
            group.scale(1)
            bench.reconcile()
