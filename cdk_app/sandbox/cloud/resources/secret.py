"""``AWS::SecretsManager::Secret``: ``Ref`` yields the ARN, as on AWS; MiniStack yields the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.resources.types import register

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud.resources.types import Created, Properties

secrets = names("services.secretsmanager", stores=("_secrets",))
provisioners = names(
    "services.cloudformation.provisioners",
    functions=("_sm_secret_create", "_sm_secret_update", "_sm_secret_delete"),
)


def _name(arn: str) -> str:
    """Return the name of a secret, which is its key in MiniStack's store."""
    return next((name for name, secret in secrets._secrets.items() if secret["ARN"] == arn), arn)


def _by_arn(created: Created) -> Created:
    name, attributes = created
    return secrets._secrets[name]["ARN"], attributes


def _create(logical_id: str, properties: Properties, stack: str) -> Created:
    return _by_arn(provisioners._sm_secret_create(logical_id, properties, stack))


def _update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    return _by_arn(provisioners._sm_secret_update(_name(physical_id), old, new, stack, logical_id))


def _delete(physical_id: str, properties: Properties) -> None:
    provisioners._sm_secret_delete(_name(physical_id), properties)


def install() -> None:
    """Replace the type."""
    register("AWS::SecretsManager::Secret", _create, _delete, _update)
