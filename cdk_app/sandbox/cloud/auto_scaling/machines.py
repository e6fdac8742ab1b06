"""EC2 as the groups use it: records of MiniStack, launched from the group's launch template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.auto_scaling.ports import LaunchFailedError, Machine
from cdk_app.sandbox.cloud.compute import launch
from cdk_app.sandbox.cloud.compute.addresses import NoFreeAddressError
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.auto_scaling.model import Group, Subnet

ec2 = names("services.ec2", functions=("_start_instances", "_stop_instances"))

GROUP_TAG = "aws:autoscaling:groupName"


class Ec2Machines:
    """Launches and ends the records behind a group's members."""

    def launch(self, group: Group, subnet: Subnet) -> Machine:
        """Launch an instance of the version that the group names right now."""
        if group.template is None:
            raise LaunchFailedError(f"AutoScalingGroup {group.name} has no launch template.")
        tags = {
            **group.tags,
            GROUP_TAG: group.name,
            "aws:ec2launchtemplate:id": group.template.id,
            "aws:ec2launchtemplate:version": group.template.version,
        }
        try:
            _, data = launch.template_version(group.template.id, group.template.version)
            record = launch.launch(launch.from_template(data, subnet.id, "Groups", tags))
        except (LookupError, NoFreeAddressError) as error:
            raise LaunchFailedError(str(error)) from error
        return Machine(record["InstanceId"], record["InstanceType"])

    def terminate(self, instance_id: str) -> None:
        """Terminate an instance, or nothing when it is gone."""
        launch.terminate(instance_id)

    def start(self, instance_id: str) -> None:
        """Start a stopped instance."""
        ec2._start_instances({"InstanceId.1": [instance_id]})

    def stop(self, instance_id: str) -> None:
        """Stop an instance."""
        ec2._stop_instances({"InstanceId.1": [instance_id]})

    def running(self, instance_id: str) -> bool:
        """Tell whether EC2 reports the instance as running."""
        return launch.is_running(instance_id)
