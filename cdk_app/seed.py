"""What Deploy must hold before the first instance: configuration items, created by a custom resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import CustomResource, Duration, IStableAnyProducer, Lazy
from constructs import Construct

if TYPE_CHECKING:
    from cdk_app.login import ValueSource
    from cdk_app.seeder import Seeder

__all__ = ["ConfigurationItem", "Seed"]

_AGAIN = "deployed-auto-scaling-group:seed-again"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationItem:
    """A configuration item (CI) that the seeder creates when it is absent and removes if it made it.

    Parameters
    ----------
    id
        Path in Deploy's repository; ``{group}`` stands for the group's CI name.
    type
        Type, such as ``overthere.SshHost``.
    properties
        Properties that we own: an update writes these and leaves the others to people.
    secret_properties
        Password properties and where their values are.
    optional
        What the type comes with: if the server does not know the type, the item is left out and this is named
        (- that is an error, unless there is `otherwise`).
    otherwise
        Item to create instead if the server does not know the type.
    """

    id: str
    type: str
    properties: Mapping[str, str | list[str]] = field(default_factory=lambda: MappingProxyType({}))
    secret_properties: Mapping[str, ValueSource] = field(default_factory=lambda: MappingProxyType({}))
    optional: str | None = None
    otherwise: ConfigurationItem | None = None

    def rendered(self) -> dict[str, Any]:
        """Return the form that the seeder reads."""
        item: dict[str, Any] = {"id": self.id, "type": self.type}
        if self.properties:
            item["properties"] = dict(self.properties)
        if self.secret_properties:
            item["secretProperties"] = {name: dict(each) for name, each in self.secret_properties.items()}
        if self.optional:
            item["optional"] = self.optional
        if self.otherwise:
            item["otherwise"] = self.otherwise.rendered()
        return item


class Seed(Construct):
    """Configuration items in Deploy that live as long as this construct.

    It is done again at every deployment with another value of the context key
    ``deployed-auto-scaling-group:seed-again``; without, only when its items have changed.

    Parameters
    ----------
    seeder
        The provider.
    record
        Name under which the seeder keeps what it created.
    items
        Configuration items, parents first.
    group_name
        Name of the Auto Scaling group that ``{group}`` stands for.
    hosts
        Directory of the group's hosts; what is left of them goes when this is deleted.

    Attributes
    ----------
    resource : aws_cdk.CustomResource
        The custom resource.
    remarks : str
        What whoever deploys must know: all of the following, and an outdated server; ``none`` if there is
        nothing. This and the following can be outputs; they are of the seeder's last call, and cut to fit.
    lacking : str
        Permissions of the Deploy account that seeding could do without and deploying cannot.
    skipped : str
        Items that were left out, with the reasons.
    retained : str
        Items that are not asked for any more and stay in Deploy until this is deleted.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        seeder: Seeder,
        record: str,
        items: Sequence[ConfigurationItem],
        group_name: str | None = None,
        hosts: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._items = _Items(items)
        properties: dict[str, Any] = {"Name": record, "Items": Lazy.any(self._items)}
        if group_name is not None:
            properties["Group"] = group_name
        if hosts is not None:
            properties["Hosts"] = hosts
        if again := self.node.try_get_context(_AGAIN):
            properties["Again"] = str(again)
        self.resource = CustomResource(
            self,
            "Resource",
            resource_type="Custom::DeploySeed",
            service_token=seeder.service_token,
            # The function ends after 5 minutes, with a reason; if it cannot even start, this is the end.
            service_timeout=Duration.minutes(15),
            properties=properties,
        )
        # Its permissions must outlive it: it is also called when the stack goes.
        self.resource.node.add_dependency(seeder)
        self.remarks = self.resource.get_att_string("Remarks")
        self.lacking = self.resource.get_att_string("Lacking")
        self.skipped = self.resource.get_att_string("Skipped")
        self.retained = self.resource.get_att_string("Retained")

    def add_directory(self, ci_id: str) -> None:
        """Have a directory, or the permissions on a root of the repository, looked at with the items.

        Parameters
        ----------
        ci_id
            Id of the directory, which is created if it is absent and no root.
        """
        self._items.add_directory(ci_id)


@jsii.implements(IStableAnyProducer)
class _Items:
    """Items as the seeder reads them, directories first, when the template is written."""

    def __init__(self, items: Sequence[ConfigurationItem]) -> None:
        self._items = list(items)
        self._directories: list[str] = []

    def add_directory(self, ci_id: str) -> None:
        if ci_id not in self._directories:
            self._directories.append(ci_id)

    def produce(self) -> list[dict[str, Any]]:
        directories = [ConfigurationItem(id=each, type="core.Directory") for each in self._directories]
        return [item.rendered() for item in (*directories, *self._items)]
