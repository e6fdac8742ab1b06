"""What a Deploy server refuses, apart from how it says so on the wire.

The texts are those attested by public clients, scripts and documents where there is one; the class
docstring says so. Statuses are chosen in :mod:`.wire.failures`, many of them by settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_app.sandbox.deploy_server.repository.model import Draft, ValidationMessage


class DeployError(Exception):
    """A refusal with a text for the client."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class EntityNotFoundError(DeployError):
    """No such configuration item. Text attested by a public script that compares it literally."""

    def __init__(self, ci_id: str) -> None:
        super().__init__(f"Repository entity [{ci_id}] not found")
        self.ci_id = ci_id


class AlreadyExistsError(DeployError):
    """A configuration item with this id exists. ``already exists`` attested, the rest not."""

    def __init__(self, ci_id: str) -> None:
        super().__init__(f"Repository entity [{ci_id}] already exists")


class StillReferencedError(DeployError):
    """Deletion of an item that others refer to. Text from the vendor's REST samples."""

    def __init__(self, ci_id: str, referrer: str) -> None:
        super().__init__(f"Repository entity {ci_id} is still referenced by {referrer}")


class StaleTokenError(DeployError):
    """The item was changed since the client read it. Behaviour attested, text not."""

    def __init__(self, ci_id: str) -> None:
        super().__init__(f"Repository entity [{ci_id}] has been updated since you read it")


class MissingParentError(DeployError):
    """An item is created below something that does not exist."""

    def __init__(self, ci_id: str, parent: str) -> None:
        super().__init__(f"Cannot create [{ci_id}]: parent [{parent}] does not exist")


class MissingReferenceError(DeployError):
    """A property names an item that does not exist. Status and text unknown, taken from reads."""

    def __init__(self, ci_id: str) -> None:
        super().__init__(f"Repository entity [{ci_id}] not found")


class InvalidItemsError(DeployError):
    """Items that break the rules of their types; the answer holds them with their messages."""

    def __init__(self, drafts: Sequence[Draft], messages: Mapping[str, Sequence[ValidationMessage]]) -> None:
        texts = [message.text for draft in drafts for message in messages.get(draft.id, ())]
        super().__init__("; ".join(texts))
        self.drafts = drafts
        self.messages = messages


class RefusedError(DeployError):
    """Any other request that the server understands and will not do."""


class PermissionDeniedError(DeployError):
    """The user lacks a permission. ``You do not have <permission> permission`` attested for global ones."""

    def __init__(self, permission: str, ci_id: str | None = None) -> None:
        where = f" on [{ci_id}]" if ci_id else ""
        super().__init__(f"You do not have {permission} permission{where}")


class LoginDeniedError(PermissionDeniedError):
    """A right password of somebody without the permission ``login``. Refusal attested, status not."""


class TaskAccessError(DeployError):
    """Reading somebody else's task. Text attested by the vendor's integration tests."""

    def __init__(self) -> None:
        super().__init__("Only user with task#view permission or owner or ADMIN can access the task")


class TaskNotFoundError(DeployError):
    """No such task, block or step."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} not found")


class IllegalTransitionError(DeployError):
    """A task cannot do this in its state."""


class MaintenanceError(DeployError):
    """The server is in maintenance mode. Status 503 attested, text not."""

    def __init__(self) -> None:
        super().__init__("The server is in maintenance mode")


class UnauthenticatedError(DeployError):
    """No credentials or wrong ones. Status 401 attested; the body of the vendor's mock is empty."""

    def __init__(self) -> None:
        super().__init__("")


class UnparsableError(DeployError):
    """The body cannot be read. For XML the status 500 is attested."""
