"""Seeder, reconciler, a person and Deploy's stand-in: steps on real hosts behind the stack's bastion."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_app.sandbox.demo.person import Application, Person, ReleaseError
from cdk_app.sandbox.deploy_server import Behaviour, DeployServer, ServerSettings, User
from runtime.deploy.client import DeployClient
from runtime.deploy.transport import Credentials, Transport
from runtime.reconciliation.hint import Hint
from runtime.reconciliation.model import Group, Instance, Machine
from runtime.reconciliation.reconciler import Outcome, Reconciler
from runtime.seeding.model import parse
from runtime.seeding.seeder import Seeder
from tests.runtime.twins.aws import TwinLedger, TwinQueue, TwinReport
from tests.runtime.twins.records import TwinRecords
from tests.sandbox.network.namespaces import written

if TYPE_CHECKING:
    from runtime.reconciliation.actions import Heartbeat, Release
    from runtime.reconciliation.config import SecretSource
    from tests.sandbox.network.namespaces.conftest import Site

PLUGIN = Path(written.__file__).parents[4] / "runtime" / "plugin" / "synthetic.xml"
MACHINES = {"i-0a": "web1", "i-0b": "web2"}
SHOP = Application("shop", "1.0", "open\n")


@dataclass
class GroupOfMachines:
    """The Auto Scaling group whose instances are the machines of the network."""

    site: Site
    instances: dict[str, str] = field(default_factory=dict)

    def describe(self, name: str) -> Group:
        listed = tuple(Instance(*instance) for instance in self.instances.items())
        return Group(name, sum(instance.lifecycle == "InService" for instance in listed), listed)

    def machines(self, instance_ids: Iterable[str]) -> dict[str, Machine]:
        addresses = self.site.addresses
        return {i: Machine(addresses[MACHINES[i]], "running") for i in instance_ids if i in MACHINES}

    def complete(self, group: str, releases: Sequence[Release]) -> dict[str, bool | Exception]:
        assert group == "web"
        assert {(each.hooks, each.result) for each in releases} == {(("undeploy",), "CONTINUE")}
        return {each.instance: self.instances.pop(each.instance) == "Terminating:Wait" for each in releases}

    def prolong(self, group: str, waiting: Sequence[Heartbeat]) -> dict[str, bool | Exception]:
        del group
        return {each.instance: self.instances[each.instance].endswith(":Wait") for each in waiting}


class WallClock:
    def __init__(self) -> None:
        self._end = time.time() + 120

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.1))

    def remaining(self) -> float:
        return self._end - time.time()


@dataclass
class Secrets:
    """The key pair's parameter that CloudFormation keeps, and Deploy's credentials."""

    private_key: str = field(repr=False)

    def value(self, source: SecretSource) -> str:
        if source.parameter is None:
            return {"username": "controller", "password": "secret"}.get(source.field or "", "")
        assert source.parameter.startswith("/ec2/keypair/")
        return self.private_key


@dataclass
class Bench:
    site: Site
    server: DeployServer
    group: GroupOfMachines
    ledger: TwinLedger = field(default_factory=TwinLedger)

    def __post_init__(self) -> None:
        self.config = written.group_config()
        self.person = Person(self.server.url, "admin", "admin")
        credentials = Credentials("controller", "secret")
        self.deploy = DeployClient(Transport(self.server.url, lambda _fresh: credentials))
        self.secrets = Secrets(self.site.private_key)

    def seed(self) -> None:
        seeder = Seeder(self.deploy, self.secrets, TwinRecords())
        for properties in written.resources("Custom::DeploySeed"):
            seeder.apply(parse(properties))

    def reconcile(self, **instances: str) -> Outcome:
        self.group.instances |= {name.replace("_", "-"): lifecycle for name, lifecycle in instances.items()}
        world = (self.group, self.deploy, self.secrets, TwinQueue(), self.ledger, WallClock(), TwinReport())
        return Reconciler(*world).reconcile(self.config, Hint(time.time()))

    def released(self, machine: str) -> str:
        """Return the file and the number of times that the command ran on a machine."""
        look = f"cat {SHOP.path} /home/ec2-user/{SHOP.journal} 2>/dev/null || true"
        return self.site.network.run_on(machine, look)


@pytest.fixture
def bench(site: Site) -> Iterator[Bench]:
    settings = ServerSettings(
        users=(User("controller", "secret", admin=True),),
        plugins=(PLUGIN,),
        behaviour=Behaviour(transport_timeout=2),
    )
    with DeployServer(settings, network=site.network) as server:
        made = Bench(site, server, GroupOfMachines(site))
        made.seed()
        yield made
    for machine in MACHINES.values():
        site.network.run_on(machine, f"rm -rf /opt/* /home/ec2-user/{SHOP.journal}")


def test_an_application_reaches_the_instances_through_the_bastion(bench: Bench) -> None:
    assert bench.reconcile(i_0a="InService") is Outcome.CHANGED
    bench.person.deploy(SHOP, bench.config.environment)
    assert (bench.released("web1"), bench.released("web2")) == ("open\n1.0\n", "")

    assert bench.reconcile(i_0b="InService") is Outcome.CHANGED
    assert bench.released("web1") == "open\n1.0\n", "nothing was done on it again"
    assert bench.released("web2") == "open\n1.0\n"

    assert bench.reconcile(i_0a="Terminating:Wait") is Outcome.CHANGED
    assert bench.site.network.run_on("web1", "find /opt -type f") == "", "undeployed while it lives"
    assert set(bench.group.instances) == {"i-0b"}, "released to be terminated"
    assert bench.released("web2") == "open\n1.0\n"


def test_a_host_that_is_silent_fails_its_task_after_the_transport_timeout(bench: Bench) -> None:
    bench.reconcile(i_0b="InService")
    started = time.monotonic()
    with bench.site.network.cut_off("web2"), pytest.raises(ReleaseError, match="ended as FAILED"):
        bench.person.deploy(SHOP, bench.config.environment)
    assert 2 <= time.monotonic() - started < 20
