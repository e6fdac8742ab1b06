"""The real client and reconciler against the Deploy stand-in, over HTTP, with steps over SSH."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_app.sandbox.deploy_server import Behaviour, DeployServer, ServerSettings, User
from runtime.deploy.client import DeployClient
from runtime.deploy.items import references
from runtime.deploy.transport import Credentials, Transport
from runtime.reconciliation.hint import Hint
from runtime.reconciliation.reconciler import Outcome, Reconciler
from runtime.seeding.model import Item, SeedRequest
from runtime.seeding.seeder import Seeder
from tests.runtime.contract.ssh import Hosts
from tests.runtime.twins.aws import TwinGroup, TwinLedger, TwinQueue, TwinReport, TwinSecrets
from tests.runtime.twins.records import TwinRecords
from tests.runtime.twins.world import ENVIRONMENT, INFRASTRUCTURE, TEMPLATE, config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runtime.deploy.items import CI
    from runtime.reconciliation.config import GroupConfig

PLUGIN = Path(__file__).parents[3] / "runtime/plugin/synthetic.xml"


class WallClock:
    """Real time; a run may take a minute."""

    def __init__(self) -> None:
        self._end = time.time() + 60

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.05))

    def remaining(self) -> float:
        return self._end - time.time()


@dataclass
class Bench:
    """A server, its hosts, a group, and a person with an account of her own."""

    server: DeployServer
    hosts: Hosts
    config: GroupConfig
    group: TwinGroup
    queue: TwinQueue = field(default_factory=TwinQueue)
    ledger: TwinLedger = field(default_factory=TwinLedger)
    report: TwinReport = field(default_factory=TwinReport)

    def __post_init__(self) -> None:
        self.person = self.client("admin", "admin")
        self.deploy = self.client("reconciler", "secret")

    def client(self, username: str, password: str) -> DeployClient:
        return DeployClient(Transport(self.server.url, lambda _fresh: Credentials(username, password)))

    def reconcile(self, *sources: str) -> Outcome:
        clock = WallClock()
        reconciler = Reconciler(
            self.group, self.deploy, TwinSecrets(), self.queue, self.ledger, clock, self.report
        )
        return reconciler.reconcile(self.config, Hint(time.time(), frozenset(sources)))

    def package(self, version: str, *commands: str, application: str = "shop", undone: bool = True) -> str:
        version_id = f"Applications/{application}/{version}"
        repository = self.person.repository
        repository.create({"id": f"Applications/{application}", "type": "udm.Application"})
        repository.create({"id": version_id, "type": "udm.DeploymentPackage"})
        for name in commands:
            repository.create(
                {
                    "id": f"{version_id}/{name}",
                    "type": "cmd.Command",
                    "commandLine": f"install {name} {version}",
                    **({"undoCommandLine": f"remove {name} {version}"} if undone else {}),
                }
            )
        return version_id

    def join(self, host: str) -> None:
        """Make a host a member as a person does."""
        self._edit(lambda members: [*members, host])

    def leave(self, host: str) -> None:
        """Take a member out as a person does; what is deployed on it stays."""
        self._edit(lambda members: [member for member in members if member != host])

    def _edit(self, change: Callable[[list[str]], list[str]]) -> None:
        def changed(item: CI) -> CI:
            return {**item, "members": change(list(references(item.get("members"))))}

        self.person.repository.update(self.config.environment, changed)

    def release_half_way(self, version_id: str) -> None:
        """Deploy as a person does, wait until it has failed, and cancel it."""
        task_id = self._started(version_id)
        tasks = self.person.tasks
        self.until(lambda: (task := tasks.get(task_id)) is not None and task.state == "FAILED")
        tasks.cancel(task_id)

    def release(self, version_id: str) -> None:
        """Deploy as a person does, and wait for it."""
        task_id = self._started(version_id)
        tasks = self.person.tasks
        self.until(lambda: (task := tasks.get(task_id)) is not None and task.state == "EXECUTED")
        tasks.archive(task_id)

    def _started(self, version_id: str) -> str:
        deployments, tasks = self.person.deployments, self.person.tasks
        application = f"{self.config.environment}/{version_id.split('/')[-2]}"
        if self.person.repository.exists(application):
            prepared = deployments.prepare_update(version_id, application)
        else:
            prepared = deployments.prepare_initial(version_id, self.config.environment)
        task_id = deployments.create(deployments.prepare_deployeds(prepared))
        tasks.start(task_id)
        return task_id

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.02)

    def deployeds(self, application: str = "shop") -> set[str]:
        item = self.person.repository.read(f"{self.config.environment}/{application}")
        assert item is not None
        return {
            value if isinstance(value, str) else next(iter(value.values())) for value in item["deployeds"]
        }

    def members(self) -> set[str]:
        item = self.person.repository.read(self.config.environment)
        assert item is not None
        return {m if isinstance(m, str) else next(iter(m.values())) for m in item["members"]}

    def expected_hosts(self) -> set[str]:
        return {self.config.host_id(i) for i in self.group.instances}

    def host_ids(self) -> set[str]:
        refs = self.person.repository.query(parent=self.config.infrastructure, ci_type="overthere.SshHost")
        return {ref.id for ref in refs}


SEED = SeedRequest(
    name="web",
    items=(
        Item(ENVIRONMENT, "udm.Environment"),
        Item(INFRASTRUCTURE, "core.Directory"),
        Item(
            TEMPLATE,
            "aws.asg.ec2SshHostTemplate",
            {
                "os": "UNIX",
                "connectionType": "SFTP",
                "address": "192.0.2.1",
                "username": "ec2-user",
                "port": "22",
                "tags": [],
            },
        ),
    ),
    hosts=INFRASTRUCTURE,
    group="web",
)

BEHAVIOURS = {
    "default": Behaviour(),
    "other": Behaviour(
        stale_token_status=400,
        already_exists_status=409,
        still_referenced_status=500,
        missing_id_status=400,
        missing_delete_status=404,
        missing_parent_status=404,
        illegal_transition_status=409,
        invalid_post_body="text",
        error_format="json",
        hidden_values="masked",
        reference_form="ci-ref",
        validation_messages_key="validationMessages",
        archived_tasks_readable=False,
        batch_atomic=False,
        departed_containers="drop",
        query_cap=1000,
        step_metadata="xml",
    ),
}


@pytest.fixture(params=BEHAVIOURS, ids=list(BEHAVIOURS))
def behaviour(request: pytest.FixtureRequest) -> Behaviour:
    return BEHAVIOURS[request.param]


@pytest.fixture
def bench(behaviour: Behaviour, tmp_path: Path) -> Iterator[Bench]:
    settings = ServerSettings(
        users=(User("reconciler", "secret", admin=True),), plugins=(PLUGIN,), behaviour=behaviour
    )
    clock = WallClock()
    group = TwinGroup(clock)  # type: ignore[arg-type] # real time stands in for the twin's
    with Hosts(tmp_path) as hosts, DeployServer(settings, network=hosts) as server:
        made = Bench(server, hosts, config(jumpstation=None, secrets={}), group)
        Seeder(made.deploy, TwinSecrets(), TwinRecords()).apply(SEED)
        yield made
