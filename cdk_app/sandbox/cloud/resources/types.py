"""Registering a CloudFormation resource type with MiniStack's engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Callable

    Properties = dict[str, Any]
    Created = tuple[str, dict[str, Any]]
    """Physical id (what ``Ref`` yields) and attributes (what ``Fn::GetAtt`` yields)."""
    Update = Callable[[str, Properties, Properties, str, str], Created]

provisioners = names(
    "services.cloudformation.provisioners",
    functions=("_physical_name",),
    stores=("_RESOURCE_HANDLERS",),
)


class Create(Protocol):
    """Create a resource from its properties."""

    def __call__(self, logical_id: str, properties: Properties, stack: str, /) -> Created:
        """Return physical id and attributes; an exception's text becomes the stack event's reason."""


def register(
    resource_type: str,
    create: Create,
    delete: Callable[[str, Properties], None],
    update: Update | None = None,
) -> None:
    """Add or replace a resource type.

    Parameters
    ----------
    resource_type
        Such as ``"AWS::EC2::Instance"``.
    create, delete
        ``delete`` takes the physical id and the properties; something already gone is success.
    update
        Takes physical id, old and new properties, stack name and logical id. Without it every change of a
        property replaces the resource: MiniStack creates anew, then deletes the old one in its clean-up.
    """
    record: dict[str, Any] = {"create": create, "delete": delete}
    if update is not None:
        record |= {"update": update, "update_with_logical_id": True}
    provisioners._RESOURCE_HANDLERS[resource_type] = record


def physical_name(stack: str, logical_id: str) -> str:
    """Return a generated name as CloudFormation makes them."""
    return str(provisioners._physical_name(stack, logical_id))


def tags(properties: Properties) -> dict[str, str]:
    """Return the ``Tags`` of a resource."""
    return {str(tag["Key"]): str(tag["Value"]) for tag in properties.get("Tags") or ()}
