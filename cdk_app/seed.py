"""What Deploy must hold before the first instance: configuration items, created by a custom resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aws_cdk import CustomResource
from constructs import Construct

if TYPE_CHECKING:
    from cdk_app.login import ValueSource
    from cdk_app.seeder import Seeder

__all__ = ["ConfigurationItem", "Seed"]


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
        The custom resource. Its attributes ``Created``, ``Updated``, ``Unchanged``, ``Skipped`` and
        ``Retained`` say what was done.
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
        properties: dict[str, Any] = {"Name": record, "Items": [item.rendered() for item in items]}
        if group_name is not None:
            properties["Group"] = group_name
        if hosts is not None:
            properties["Hosts"] = hosts
        self.resource = CustomResource(
            self,
            "Resource",
            resource_type="Custom::DeploySeed",
            service_token=seeder.service_token,
            properties=properties,
        )
        # Its permissions must outlive it: it is also called when the stack goes.
        self.resource.node.add_dependency(seeder)
