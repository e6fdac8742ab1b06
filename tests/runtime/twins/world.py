"""A group, a server and a reconciler between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from runtime.deploy.client import DeployClient
from runtime.reconciliation.config import GroupConfig, Hooks, SecretSource
from runtime.reconciliation.hint import Hint
from runtime.reconciliation.reconciler import Outcome, Reconciler
from tests.runtime.twins.aws import TwinGroup, TwinLedger, TwinQueue, TwinReport, TwinSecrets
from tests.runtime.twins.clock import TwinClock
from tests.runtime.twins.deploy import Twin

ENVIRONMENT = "Environments/web"
INFRASTRUCTURE = "Infrastructure/aws/123456789012/us-east-1/web"
TEMPLATE = "Configuration/aws/123456789012/us-east-1/web"
JUMPSTATION = "Infrastructure/aws/123456789012/us-east-1/bastion"
FOREIGN = "Infrastructure/people/database"


def config(**changes: object) -> GroupConfig:
    values: dict[str, object] = {
        "key": "web",
        "group": "web",
        "environment": ENVIRONMENT,
        "infrastructure": INFRASTRUCTURE,
        "templates": (TEMPLATE, f"{INFRASTRUCTURE}-template"),
        "jumpstation": JUMPSTATION,
        "secrets": {"privateKey": SecretSource(parameter="/ec2/keypair/key-1")},
        "hooks": Hooks("deploy", "undeploy"),
    }
    return GroupConfig(**(values | changes))  # type: ignore[arg-type] # a test names real fields


@dataclass
class World:
    """Everything of one test."""

    config: GroupConfig = field(default_factory=config)
    clock: TwinClock = field(default_factory=TwinClock)

    def __post_init__(self) -> None:
        hooks = self.config.hooks
        self.group = TwinGroup(self.clock, launch_hook=hooks.launch, terminate_hook=hooks.terminate)
        self.twin = Twin(clock=self.clock, reachable=self._reachable)
        self.queue, self.ledger, self.report = TwinQueue(), TwinLedger(), TwinReport()
        self.twin.put(ENVIRONMENT, "udm.Environment", members=[])
        self.twin.put(FOREIGN, "overthere.SshHost", os="UNIX", address="192.0.2.99")
        self.twin.put(JUMPSTATION, "overthere.SshJumpstation", os="UNIX", address="192.0.2.10")
        self.twin.put(INFRASTRUCTURE, "core.Directory")
        self.twin.put(
            TEMPLATE,
            "aws.asg.ec2SshHostTemplate",
            os="UNIX",
            connectionType="SFTP",
            address="192.0.2.1",
            username="ec2-user",
            password="somebody's",
            tags=["web"],
        )
        self.deploy = DeployClient(self.twin.transport())  # type: ignore[arg-type] # stands in for it

    def _reachable(self, host: str) -> bool:
        if host == FOREIGN:
            return True
        return self.group.alive(host.removeprefix(self.config.host_prefix))

    def reconciler(self) -> Reconciler:
        """Return a reconciler as a new container has it: without anything in its memory."""
        self.deploy = DeployClient(self.twin.transport())  # type: ignore[arg-type] # stands in for it
        self.deploy.repository._sleep = self.clock.sleep
        return Reconciler(
            self.group, self.deploy, TwinSecrets(), self.queue, self.ledger, self.clock, self.report
        )

    def reconcile(
        self, *sources: str, budget: float | None = None, instances: frozenset[str] = frozenset()
    ) -> Outcome:
        """Run once, for a hint sent now."""
        self.clock.restart(budget)
        hint = Hint(self.clock.now(), frozenset(sources or {"aws.autoscaling"}), instances=instances)
        return self.reconciler().reconcile(self.config, hint)

    def hosts(self) -> set[str]:
        """Return the instance ids of the group's hosts in Deploy."""
        prefix = self.config.host_prefix
        return {
            i.removeprefix(prefix)
            for i, item in self.twin.items.items()
            if i.startswith(prefix) and item["type"].startswith("overthere.")
        }

    def joined(self) -> set[str]:
        """Return the instance ids of the group's hosts that are members."""
        prefix = self.config.host_prefix
        return {m.removeprefix(prefix) for m in self.twin.members(ENVIRONMENT) if m.startswith(prefix)}

    def states(self) -> dict[str, str]:
        return {i.id: i.lifecycle for i in self.group.instances.values()}
