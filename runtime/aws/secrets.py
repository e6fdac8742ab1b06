"""Secret values, read where the stack keeps them and held for a short time only."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from runtime.reconciliation.errors import Fatal

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient

    from runtime.reconciliation.config import SecretSource

_KEPT_SECONDS = 300.0

# What comes again as it is until a person acts; whatever else AWS says may pass.
_LASTING = frozenset(
    {
        "AccessDeniedException",
        "DecryptionFailure",
        "InvalidRequestException",  # the secret is about to be deleted
        "ParameterNotFound",
        "ResourceNotFoundException",
    }
)


class Secrets:
    """Secrets Manager and SSM parameters.

    Parameters
    ----------
    secretsmanager, ssm : callable
        Return the boto3 clients; called only when one is needed.
    clock : callable
        Seconds, monotonic.
    """

    def __init__(
        self,
        secretsmanager: Callable[[], SecretsManagerClient],
        ssm: Callable[[], SSMClient],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secretsmanager = secretsmanager
        self._ssm = ssm
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[float, str]] = {}

    def value(self, source: SecretSource) -> str:
        """Return the secret that a source names; nothing if it is optional and its field is missing.

        Raises
        ------
        Fatal
            The source names nothing usable.
        """
        if source.parameter:
            return self.parameter(source.parameter)
        if not source.secret:
            raise Fatal("a secret property names neither a parameter nor a secret")
        if not source.field:
            return self.secret(source.secret)
        value = self.fields(source.secret).get(source.field, "" if source.optional else None)
        if value is None:
            raise Fatal(f"secret {source.secret} has no field {source.field}")
        return value

    def fields(self, secret_id: str, *, fresh: bool = False) -> dict[str, str]:
        """Return the fields of a secret that holds a JSON object, those that have a value."""
        try:
            values = json.loads(self.secret(secret_id, fresh=fresh))
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise Fatal(f"secret {secret_id} is not a JSON object") from None
        return {key: str(value) for key, value in values.items() if value is not None}

    def secret(self, secret_id: str, *, fresh: bool = False) -> str:
        """Return a secret's text."""
        return self._held(
            ("secret", secret_id),
            lambda: self._text(secret_id),
            fresh=fresh,
        )

    def _text(self, secret_id: str) -> str:
        text = self._secretsmanager().get_secret_value(SecretId=secret_id).get("SecretString")
        if text is None:
            raise Fatal(f"secret {secret_id} is binary, expected text")
        return text

    def parameter(self, name: str) -> str:
        """Return a parameter's value, decrypted."""
        return self._held(
            ("parameter", name),
            lambda: self._ssm().get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"],
        )

    def _held(self, key: tuple[str, str], read: Callable[[], str], *, fresh: bool = False) -> str:
        held = self._kept.get(key)
        if held is None or fresh or self._clock() - held[0] > _KEPT_SECONDS:
            try:
                held = self._kept[key] = (self._clock(), read())
            except ClientError as error:
                said = error.response["Error"]
                if said["Code"] not in _LASTING:
                    raise
                raise Fatal(f"{' '.join(key)} cannot be read ({said['Code']}: {said['Message']})") from None
        return held[1]
