"""What a group is called: by AWS, by the queue, by Deploy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from aws_cdk import ArnFormat, Names, Stack, Token

if TYPE_CHECKING:
    from constructs import IConstruct

    from cdk_app.host_template import HostTemplate

__all__ = ["GroupNames", "TakenNames"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNames:
    """Names of one group; in ids of Deploy ``{group}`` stands for the group's CI name.

    Attributes
    ----------
    group
        Name of the Auto Scaling group.
    key
        Short name by which API and queue know it, safe in paths and as message group.
    environment, infrastructure
        Ids in Deploy of the environment and of the hosts' directory.
    templates
        Ids in Deploy of the hosts' template, the preferred one first: for SSH with the plugin and without.
    """

    group: str
    key: str
    environment: str
    infrastructure: str
    templates: tuple[str, ...]

    @classmethod
    def of(
        cls,
        scope: IConstruct,
        *,
        group: str | None,
        environment: str,
        directory: str,
        template: HostTemplate,
    ) -> Self:
        """Return the names of a group.

        Parameters
        ----------
        scope
            What belongs to the group; its path makes the key.
        group
            Name of the Auto Scaling group (- the key).
        environment
            Id of the environment.
        directory
            Where the hub's region has its directory in Deploy.
        template
            What the hosts are like.
        """
        key = Names.unique_resource_name(scope, max_length=100, separator="-")
        return cls(
            # Known before the group exists, because the seed comes first and goes last.
            group=group or key,
            key=key,
            environment=environment,
            infrastructure=f"Infrastructure/{directory}/{{group}}",
            templates=_templates(directory, template),
        )

    @property
    def environments(self) -> str | None:
        """Id in Deploy of the environments' directory that groups can share; None if it is not known yet."""
        if Token.is_unresolved(self.environment):
            return None
        return self.environment.partition("{group}")[0].rpartition("/")[0]

    def arn(self, scope: IConstruct) -> str:
        """Return the group's ARN for policies; the id that Auto Scaling puts into it is left open."""
        return Stack.of(scope).format_arn(
            service="autoscaling",
            resource="autoScalingGroup",
            resource_name=f"*:autoScalingGroupName/{self.group}",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )


def _templates(directory: str, template: HostTemplate) -> tuple[str, ...]:
    plain = f"Infrastructure/{directory}/{{group}}-template"
    if template.type == "overthere.SshHost":
        return (f"Configuration/{directory}/{{group}}", plain)
    # The plugin's type is for SSH. An id of its own, because no CI changes its type.
    return (f"{plain}-{template.type.rpartition('.')[2]}",)


class TakenNames:
    """Names and environments of the groups of one hub, no two of which may have the same."""

    def __init__(self) -> None:
        self._groups: dict[str, str] = {}
        self._environments: dict[str, str] = {}

    def take(self, names: GroupNames, path: str) -> None:
        """Note the names of the group at a path.

        Raises
        ------
        ValueError
            If another group has the same name or environment already.
        """
        if other := self._groups.get(names.group):
            what = "a group" if Token.is_unresolved(names.group) else repr(names.group)
            raise ValueError(
                f"group_name: got {what} for {path}, which is the name of {other}, expected names "
                "that differ; both would have the same environment and hosts in Deploy"
            )
        environment = names.environment.replace("{group}", names.group)
        if other := self._environments.get(environment):
            raise ValueError(
                f"environment: got {names.environment!r} for {path}, which is that of {other}, expected one "
                "of its own, such as 'Environments/team/{group}'; each would take the other's deployments "
                "for its own"
            )
        self._groups[names.group] = self._environments[environment] = path
