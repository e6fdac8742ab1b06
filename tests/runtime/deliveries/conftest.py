"""One Deploy stand-in with the built plugin, and groups whose events arrive by handler or endpoint."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import requests

from cdk_app.plugin_archive import build_plugin
from cdk_app.sandbox.deploy_server import DeployServer, ServerSettings, User
from cdk_app.sandbox.deploy_server.extension import NoJythonError, find_jython
from runtime.deploy.items import reference
from runtime.deploy.names import ci_name
from runtime.reconciliation.config import Hooks
from runtime.reconciliation.reconciler import Outcome
from tests.runtime.contract.conftest import BEHAVIOURS, Bench, WallClock
from tests.runtime.contract.ssh import Hosts
from tests.runtime.twins.aws import TwinGroup
from tests.runtime.twins.aws_wire import AwsWire
from tests.runtime.twins.world import config

if TYPE_CHECKING:
    from pathlib import Path

PLACE = "aws/123456789012/us-east-1"
SERVER = "Configuration/deploy-server"
CLOUD = f"Infrastructure/{PLACE}/cloud"
PATIENCE = 20.0

# What docs/plugin.md asks for, and nothing else.
PERMISSIONS = (
    ("eventbridge", "read", "Configuration"),
    ("eventbridge", "read", "Infrastructure"),
    ("plugin", "read", "Applications"),
    ("plugin", "read", "Infrastructure"),
    ("plugin", "repo#edit", "Infrastructure"),
    ("plugin", "read", "Environments"),
    ("plugin", "repo#edit", "Environments"),
    ("plugin", "deploy#initial", "Environments"),
    ("plugin", "deploy#upgrade", "Environments"),
    ("plugin", "task#skip_step", "Environments"),
    ("plugin", "task#view", None),
)

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Stage:
    """What all cases share: one server, so one Java process."""

    server: DeployServer
    hosts: Hosts
    aws: AwsWire

    @property
    def extension(self) -> str:
        return self.server.url.removesuffix("/deployit") + "/api/extension/aws/asg"

    def post(self, body: object, user: str = "eventbridge") -> requests.Response:
        return requests.post(f"{self.extension}/event", json=body, auth=(user, "secret"), timeout=30)


@dataclass
class Case(Bench):
    """One group on the stage, with one way for its events to arrive."""

    stage: Stage = field(kw_only=True)
    by_endpoint: bool = field(kw_only=True)

    def event(self, instance_id: str, what: str = "Launch") -> dict[str, Any]:
        return {
            "id": f"event-{next(_numbers)}",
            "detail-type": f"EC2 Instance {what} Successful",
            "source": "aws.autoscaling",
            "account": "123456789012",
            "region": "us-east-1",
            "detail": {"AutoScalingGroupName": self.group.name, "EC2InstanceId": instance_id},
        }

    def deliver(self, *events: dict[str, Any]) -> None:
        """Let events arrive one after another, each again until it is accepted, as EventBridge does."""
        for event in events:
            deadline = time.monotonic() + PATIENCE
            while not self.deliver_once(event):
                assert time.monotonic() < deadline, f"{event} is never accepted: {self.last}"
                time.sleep(0.05)

    def deliver_once(self, event: dict[str, Any]) -> bool:
        """Let an event arrive; tell whether it was accepted, so that nobody brings it again."""
        self.stage.aws.group = self.group
        if not self.by_endpoint:
            return self.reconcile("aws.autoscaling") in (Outcome.CHANGED, Outcome.UNCHANGED)
        answer = self.stage.post(event)
        assert answer.status_code in (200, 503), answer.text
        self.last = answer.text
        return answer.status_code == 200

    def refuse(self, event: dict[str, Any]) -> None:
        """Let an event arrive that is not this group's; the rule keeps such from the handler."""
        if self.by_endpoint:
            self.stage.aws.group = self.group
            assert 400 <= self.stage.post(event).status_code < 500

    def scale(self, desired: int) -> None:
        """Scale the group and let the events about it arrive."""
        before = set(self.group.instances)
        self.group.scale(desired)
        now = set(self.group.instances)
        machines = self.group.machines(before)
        self.hosts.dead |= {machines[gone].address for gone in before - now}
        self.hosts.dead -= {machine.address for machine in self.group.machines(now).values()}
        self.deliver(*(self.event(i) for i in sorted(now - before)))
        self.deliver(*(self.event(i, "Terminate") for i in sorted(before - now)))

    def deploy_tasks(self) -> list[str]:
        """Open tasks on this group's environment, whoever made them."""
        return [task.id for task in self.person.tasks.open() if task.environment == self.config.environment]

    def state(self) -> dict[str, Any]:
        """Everything of this group in Deploy, with the group's own name taken out."""
        repository = self.person.repository
        roots = (self.config.environment, self.config.infrastructure)
        ids = [ref.id for root in roots for ref in repository.query(ancestor=root)] + list(roots)
        found: dict[str, Any] = {"open tasks": self.deploy_tasks()}
        for item in repository.read_all(ids):
            shown = {name: value for name, value in item.items() if not name.startswith("$")}
            found[item["id"]] = {name: plain(value) for name, value in shown.items()}
        anonymous = json.dumps(found).replace(ci_name(self.group.name), "GROUP")
        return dict(json.loads(anonymous))


def plain(value: object) -> object:
    """A value with references as ids and without order, whatever form the server gives them."""
    if isinstance(value, list):
        return sorted(str(plain(item)) for item in value)
    if isinstance(value, dict) and value.keys() <= {"ci-ref", "ref", "ci", "id"} and value:
        return reference(value)
    return value


@pytest.fixture(scope="session", params=BEHAVIOURS)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    try:
        find_jython()
    except NoJythonError as reason:
        pytest.skip(str(reason))
    archive: Path = build_plugin(tmp_path_factory.mktemp("plugin"))
    with Hosts(tmp_path_factory.mktemp("hosts")) as hosts, AwsWire() as aws:
        settings = ServerSettings(
            users=(
                User("reconciler", "secret", admin=True),
                *(User(name, "secret") for name in ("eventbridge", "plugin", "stranger")),
            ),
            plugins=(archive,),
            behaviour=BEHAVIOURS[request.param],
            script_environment={"AWS_ENDPOINT_URL": aws.endpoint},
        )
        with DeployServer(settings, network=hosts) as server:
            for role, permission, node in PERMISSIONS:
                server.deploy.permissions.grant(permission, role, node)
            yield Stage(server, hosts, aws)


@pytest.fixture
def new_case(stage: Stage) -> Callable[[bool], Case]:
    """Make a group without hooks, whose events arrive by the endpoint or by the handler."""

    def new_case(by_endpoint: bool) -> Case:
        name = f"web {next(_numbers)}/ü"
        ci = ci_name(name)
        settings = config(
            key="web",
            group=name,
            environment=f"Environments/{ci}",
            infrastructure=f"Infrastructure/{PLACE}/{ci}",
            templates=(f"Configuration/{PLACE}/{ci}",),
            jumpstation=None,
            secrets={},
            hooks=Hooks(),
        )
        clock = WallClock()
        group = TwinGroup(clock, name=name, launch_hook=None, terminate_hook=None)  # type: ignore[arg-type] # real time
        stage.hosts.commands.clear()
        stage.hosts.attempts.clear()
        stage.hosts.failing.clear()
        stage.hosts.dead.clear()
        case = Case(stage.server, stage.hosts, settings, group, stage=stage, by_endpoint=by_endpoint)
        create = case.person.repository.create
        for directory in ("Infrastructure/aws", "Infrastructure/aws/123456789012", f"Infrastructure/{PLACE}"):
            create({"id": directory, "type": "core.Directory"})
            create({"id": directory.replace("Infrastructure", "Configuration"), "type": "core.Directory"})
        create({"id": CLOUD, "type": "aws.Cloud", "accesskey": "AKIDEXAMPLE", "accessSecret": "secret"})
        login = {"url": stage.server.url, "username": "plugin", "password": "secret"}
        create({"id": SERVER, "type": "deploy.server", **login})
        create({"id": settings.environment, "type": "udm.Environment", "members": []})
        create({"id": settings.infrastructure, "type": "core.Directory"})
        create(
            {
                "id": settings.templates[0],
                "type": "aws.asg.ec2SshHostTemplate",
                "os": "UNIX",
                "connectionType": "SFTP",
                "address": "192.0.2.1",
                "username": "ec2-user",
                "port": 22,
                "autoScalingGroup": name,
                "account": "123456789012",
                "region": "us-east-1",
                "environment": settings.environment,
                "infrastructure": settings.infrastructure,
                "server": SERVER,
                "cloud": CLOUD,
            }
        )
        return case

    return new_case
