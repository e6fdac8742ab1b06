"""A group and its mirror in Deploy, and the checks that both agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_app.sandbox.demo.checks import Checks
    from cdk_app.sandbox.demo.person import Application
    from cdk_app.sandbox.demo.views import DeployView, Files, GroupView


@dataclass(frozen=True, slots=True)
class Mirror:
    """The group in AWS, its hosts and environment in Deploy, and the files on its instances.

    Parameters
    ----------
    group, deploy, files
        The three places to look at.
    directory
        Directory of the group's hosts in Deploy.
    guests
        Names of hosts that people have put into the environment.

    Attributes
    ----------
    died
        Ids of instances that died before anything could be undeployed from them: their files went with them.
    """

    group: GroupView
    deploy: DeployView
    files: Files
    directory: str
    guests: tuple[str, ...]
    died: set[str] = field(default_factory=set)

    @property
    def environment(self) -> str:
        """Id of the group's environment."""
        return f"Environments/{self.group.name}"

    def host_name(self, instance_id: str) -> str:
        """Return the name of an instance's host."""
        return f"{self.group.name}-{instance_id}"

    def hosts(self) -> dict[str, str]:
        """Return name and address of the group's hosts in Deploy."""
        return self.deploy.hosts(self.directory)

    def settled(self, checks: Checks, count: int) -> None:
        """Hold when the group has its instances and Deploy has exactly them."""
        checks.eventually(f"instances in service: {count}", self.group.in_service, count)
        addresses = {self.host_name(i): address for i, address in self.group.addresses().items()}
        checks.eventually("hosts in Deploy = the instances, with private addresses", self.hosts, addresses)
        checks.eventually(
            "they, and the person's host, are the environment's members",
            lambda: self.deploy.members(self.environment),
            sorted([*addresses, *self.guests]),
        )

    def deployed(self, checks: Checks, application: Application, runs: int | None = None) -> None:
        """Hold when an application is on every instance, by Deploy's record and by the files."""
        instances = set(self.group.states())
        label = f"{application.name} {application.version}"
        checks.eventually(
            f"{label} is deployed to every host, says Deploy",
            lambda: self.deploy.deployed(self.environment).get(application.name),
            (application.version, frozenset(self.host_name(i) for i in instances)),
        )
        checks.equal(
            f"the file of {label} is on every instance and nowhere else",
            {i: text for i, text in self.files.read(application.path).items() if i not in self.died},
            dict.fromkeys(sorted(instances), application.content),
        )
        if runs is not None:
            journals = self.files.read(f"/{application.journal}")
            checks.equal(
                f"the command of {label} ran on every instance, times: {runs}",
                {i: text for i, text in journals.items() if i in instances},
                dict.fromkeys(sorted(instances), f"{application.version}\n" * runs),
            )

    def orphaned_deployeds(self) -> list[str]:
        """Return the deployeds whose host is not one of the group's."""
        hosts = {f"{self.directory}/{name}" for name in self.hosts()}
        return [d for d in self.deploy.ids(type="udm.Deployed") if d.rpartition("/")[0] not in hosts]
