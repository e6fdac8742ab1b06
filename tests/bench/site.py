"""Where everything is measured: a Deploy stand-in over HTTP, and a group in memory, both equally far away."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server import DeployServer, ServerSettings, User
from cdk_app.sandbox.deploy_server.testing import RequestFault
from runtime.aws import groups, ledger, spot
from runtime.aws.concurrency import side_by_side
from runtime.deploy.client import DeployClient
from runtime.deploy.items import references
from runtime.deploy.transport import Credentials, Transport
from runtime.reconciliation.hint import Hint
from runtime.reconciliation.reconciler import Outcome, Reconciler
from runtime.seeding.model import Item, SeedRequest
from runtime.seeding.seeder import Seeder
from tests.runtime.twins.aws import TwinGroup, TwinLedger, TwinQueue, TwinReport, TwinSecrets
from tests.runtime.twins.records import TwinRecords
from tests.runtime.twins.world import ENVIRONMENT, INFRASTRUCTURE, config

if TYPE_CHECKING:
    from runtime.reconciliation.actions import Release
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.memory import Memory
    from runtime.reconciliation.model import Machine

CALL_SECONDS = 0.020
"""Added to every call to Deploy and to AWS, by the side that answers."""

POLL = "GET /tasks/v2/{task}"

_BUDGET_SECONDS = 900.0  # the longest that Lambda lets a function run
_USER = User("reconciler", "secret", admin=True)
_PLUGIN = Path(__file__).parent / "plugin/synthetic.xml"
_SEED_POLL_SECONDS = 0.01
_SEED = SeedRequest(
    name="web",
    items=(
        Item(ENVIRONMENT, "udm.Environment"),
        Item(INFRASTRUCTURE, "core.Directory"),
        Item(
            f"{INFRASTRUCTURE}-template",
            "overthere.SshHost",
            {"os": "UNIX", "connectionType": "SFTP", "address": "192.0.2.1", "username": "ec2-user"},
        ),
    ),
)


class Clock:
    """Real time, and as much of it as a Lambda function may have at most."""

    def __init__(self) -> None:
        self._end = time.time() + _BUDGET_SECONDS

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def remaining(self) -> float:
        return self._end - time.time()


class DistantGroup(TwinGroup):
    """A group of whose machines no more are told in one call than by EC2.

    Calls about single instances come side by side, by the same threads as those of `runtime.aws.groups`.
    """

    def complete(self, group: str, releases: Sequence[Release]) -> dict[str, bool | Exception]:
        answers = side_by_side(lambda r: self._complete(group, r), releases, groups.SIDE_BY_SIDE)
        return {release.instance: answer for release, answer in zip(releases, answers, strict=True)}

    def machines(self, instance_ids: Iterable[str]) -> dict[str, Machine]:
        wanted = sorted(instance_ids)
        found: dict[str, Machine] = {}
        for start in range(0, len(wanted), spot.FILTER_VALUES):
            found |= super().machines(wanted[start : start + spot.FILTER_VALUES])
        return found


class DistantLedger(TwinLedger):
    """A ledger that is as far away as everything else, and takes no more in one call than DynamoDB.

    Attributes
    ----------
    seconds
        That each of its calls takes.
    """

    seconds = 0.0

    def load(self, key: str) -> Memory:
        time.sleep(self.seconds)
        return super().load(key)

    def save(self, key: str, memory: Memory, events: Sequence[tuple[str, str, str]] = ()) -> None:
        further = len(events) // ledger.WRITE_BATCH  # besides the memory, which is one item here
        time.sleep(self.seconds * (1 + math.ceil(further / ledger.SIDE_BY_SIDE)))
        super().save(key, memory, events)
        self.calls += further


@dataclass(frozen=True)
class Calls:
    """Calls since `Site.forget`.

    Attributes
    ----------
    deploy : Counter
        By endpoint, as in the stand-in's journal, without polls.
    polls : int
        Looks at one task.
    aws : int
        Calls to Auto Scaling, EC2 and DynamoDB.
    """

    deploy: Counter[str]
    polls: int
    aws: int


class Site:
    """A server with one environment, applications deployed to it, and a group without instances.

    Parameters
    ----------
    server
        A running stand-in that has the type ``bench.Setting``.
    applications
        How many are deployed, with one deployable each.
    """

    def __init__(self, server: DeployServer, applications: int) -> None:
        self.server = server
        self.config: GroupConfig = config(jumpstation=None, secrets={})
        self.group = DistantGroup(Clock())  # type: ignore[arg-type] # real time stands in for the twin's
        self.queue, self.ledger, self.report = TwinQueue(), DistantLedger(), TwinReport()
        self.applications = tuple(f"{ENVIRONMENT}/app{number}" for number in range(applications))
        self._seed()

    def client(self) -> DeployClient:
        """Return a client as a new container of the function has it."""
        credentials = Credentials(_USER.name, _USER.password)
        return DeployClient(Transport(self.server.url, lambda _fresh: credentials))

    def reconciler(self, deploy: DeployClient | None = None) -> Reconciler:
        """Return a reconciler, in a new container unless it is given a client."""
        return Reconciler(
            self.group,
            deploy or self.client(),
            TwinSecrets(),
            self.queue,
            self.ledger,
            Clock(),
            self.report,
        )

    def reconcile(self, sent: float | None = None) -> Outcome:
        """Run once, for a hint of an event."""
        hint = Hint(time.time() if sent is None else sent, frozenset({"aws.autoscaling"}))
        return self.reconciler().reconcile(self.config, hint)

    def move_away(self, seconds: float = CALL_SECONDS) -> None:
        """From now on, let every call take this much longer."""
        self.server.faults.clear()
        self.server.faults.add(RequestFault(kind="none", delay=seconds, times=0))
        self.group.faults[:] = [lambda _name: time.sleep(seconds)]
        self.ledger.seconds = seconds

    def forget(self) -> None:
        """Begin to count anew."""
        self.server.journal.clear()
        self.group.calls.clear()
        self.ledger.calls = 0

    def calls(self) -> Calls:
        """Return the calls since then."""
        deploy = Counter(self.server.journal.counts())
        polls = deploy.pop(POLL, 0)
        return Calls(deploy, polls, len(self.group.calls) + self.ledger.calls)

    def converged(self) -> bool:
        """Tell whether every instance is in service, a member, and has every application."""
        hosts = {self.config.host_id(instance_id) for instance_id in self.group.instances}
        read = self.client().repository.read
        environment = read(self.config.environment) or {}
        return (
            all(instance.lifecycle == "InService" for instance in self.group.instances.values())
            and set(references(environment["members"])) == hosts
            and all(
                {deployed.rpartition("/")[0] for deployed in references((read(name) or {})["deployeds"])}
                == hosts
                for name in self.applications
            )
        )

    def _seed(self) -> None:
        deploy = self.client()
        Seeder(deploy, TwinSecrets(), TwinRecords()).apply(_SEED)
        for application in self.applications:
            name = application.rpartition("/")[2]
            application_id = f"Applications/{name}"
            version = f"{application_id}/1.0"
            deploy.repository.create_all(
                [
                    {"id": application_id, "type": "udm.Application"},
                    {"id": version, "type": "udm.DeploymentPackage"},
                    {"id": f"{version}/{name}-setting", "type": "bench.Setting"},
                ]
            )
            task_id = deploy.deployments.create(deploy.deployments.prepare_initial(version, ENVIRONMENT))
            deploy.tasks.start(task_id)
            while (task := deploy.tasks.get(task_id)) is not None and task.running:
                time.sleep(_SEED_POLL_SECONDS)
            deploy.tasks.archive(task_id)


@contextmanager
def site(applications: int) -> Iterator[Site]:
    """Run a server of its own for a site."""
    settings = ServerSettings(users=(_USER,), plugins=(_PLUGIN,))
    with DeployServer(settings) as server:
        yield Site(server, applications)
