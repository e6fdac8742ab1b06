"""What the checks look at: the group in AWS, the repository of Deploy, the files on the instances.

Nothing here uses our own runtime: AWS is read by boto3, Deploy by the vendor's SDK, files by the file system.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xldeploy.errors import APIError

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_ec2 import EC2Client

    from cdk_app.sandbox.demo.person import Person


@dataclass(frozen=True, slots=True)
class GroupView:
    """One Auto Scaling group as AWS reports it."""

    autoscaling: AutoScalingClient
    ec2: EC2Client
    name: str

    def states(self) -> dict[str, str]:
        """Return the lifecycle state per instance id."""
        groups = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])[
            "AutoScalingGroups"
        ]
        return {i["InstanceId"]: i["LifecycleState"] for group in groups for i in group["Instances"]}

    def addresses(self) -> dict[str, str]:
        """Return the private address per instance id."""
        ids = list(self.states())
        if not ids:
            return {}
        reservations = self.ec2.describe_instances(InstanceIds=ids)["Reservations"]
        return {i["InstanceId"]: i["PrivateIpAddress"] for r in reservations for i in r["Instances"]}

    def in_service(self) -> int:
        """Return the number of instances in service, or -1 while any instance is in another state."""
        states = self.states().values()
        return len(states) if all(state == "InService" for state in states) else -1

    def desire(self, capacity: int) -> None:
        """Set the desired capacity."""
        self.autoscaling.set_desired_capacity(AutoScalingGroupName=self.name, DesiredCapacity=capacity)


@dataclass(frozen=True, slots=True)
class DeployView:
    """The repository of Deploy as the vendor's SDK reports it."""

    person: Person

    def ids(self, **query: str) -> list[str]:
        """Return the ids of the CIs that a repository query finds."""
        found = self.person.client.repository.query({**query, "page": "0", "resultsPerPage": "-1"})
        return sorted(ci["ref"] for ci in found)

    def exists(self, ci_id: str) -> bool:
        """Tell whether a CI exists."""
        return bool(self.person.client.repository.exists(ci_id))

    def read(self, ci_id: str) -> Mapping[str, Any]:
        """Return a CI's properties."""
        return dict(self.person.client.repository.read(ci_id).to_dict())

    def everything(self) -> set[str]:
        """Return the ids of all CIs under Infrastructure, Environments and Configuration."""
        return {
            ci
            for root in ("Infrastructure", "Environments", "Configuration")
            for ci in self.ids(ancestor=root)
        }

    def hosts(self, directory: str) -> dict[str, str]:
        """Return name and address of the SSH hosts in a directory."""
        found = {}
        for ci in self.ids(parent=directory, type="overthere.SshHost"):
            try:
                found[ci.rpartition("/")[2]] = str(self.read(ci)["address"])
            except APIError as error:
                # Gone since the query: the next look will tell.
                if error.status_code != HTTPStatus.NOT_FOUND:
                    raise
        return found

    def members(self, environment: str) -> list[str]:
        """Return the names of the members of an environment."""
        return sorted(str(member).rpartition("/")[2] for member in self.read(environment)["members"])

    def deployed(self, environment: str) -> dict[str, tuple[str, frozenset[str]]]:
        """Return version and names of the hosts per application deployed to an environment."""
        result = {}
        for ci_id in self.ids(parent=environment, type="udm.DeployedApplication"):
            ci = self.read(ci_id)
            hosts = frozenset(str(deployed).split("/")[-2] for deployed in ci["deployeds"])
            result[ci_id.rpartition("/")[2]] = (str(ci["version"]).rpartition("/")[2], hosts)
        return result

    def open_tasks(self) -> list[str]:
        """Return the ids of the tasks that are neither archived nor cancelled."""
        return sorted(str(task["id"]) for task in self.person.client.http_client.get("/tasks/v2/current/all"))


@dataclass(frozen=True, slots=True)
class Files:
    """The file systems of the instances, one directory each."""

    root: Path

    def read(self, path: str) -> dict[str, str]:
        """Return the content of a file per instance id, for the instances that have it."""
        relative = path.lstrip("/")
        return {
            home.name: (home / relative).read_text()
            for home in sorted(self.root.iterdir())
            if (home / relative).is_file()
        }
