"""What the seeder has created, kept in SSM parameters: only that may be removed again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from runtime.seeding.errors import SeedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_ssm import SSMClient


class RecordsPort(Protocol):
    """What was created; `Records` in the cloud."""

    def read(self, name: str) -> dict[str, str]:
        """Return the ids recorded under a name, with their types."""

    def write(self, name: str, types: Mapping[str, str]) -> None:
        """Record ids with their types under a name."""

    def delete(self, name: str) -> None:
        """Forget a name."""


class Records:
    """One parameter per resource, holding a JSON object of CI id to type, in the order of creation.

    Its methods raise `SeedError` where SSM refuses.

    Parameters
    ----------
    ssm : callable
        Returns the boto3 client.
    prefix : str
        Path of the parameters.
    """

    def __init__(self, ssm: Callable[[], SSMClient], prefix: str) -> None:
        self._ssm = ssm
        self._prefix = prefix.rstrip("/")

    def read(self, name: str) -> dict[str, str]:
        """Return the ids recorded under a name, with their types."""
        try:
            answer = self._ssm().get_parameter(Name=self._path(name))
        except (BotoCoreError, ClientError) as error:
            if _missing(error):
                return {}
            raise self._refused(name, error) from None
        return {str(ci_id): str(kind) for ci_id, kind in json.loads(answer["Parameter"]["Value"]).items()}

    def write(self, name: str, types: Mapping[str, str]) -> None:
        """Record ids with their types under a name."""
        try:
            self._ssm().put_parameter(
                Name=self._path(name),
                Value=json.dumps(dict(types), separators=(",", ":")),
                Type="String",
                Overwrite=True,
                Tier="Intelligent-Tiering",
            )
        except (BotoCoreError, ClientError) as error:
            raise self._refused(name, error) from None

    def delete(self, name: str) -> None:
        """Forget a name."""
        try:
            self._ssm().delete_parameter(Name=self._path(name))
        except (BotoCoreError, ClientError) as error:
            if not _missing(error):
                raise self._refused(name, error) from None

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    def _refused(self, name: str, error: Exception) -> SeedError:
        return SeedError(f"the record {self._path(name)} of what is created cannot be used: {error}")


def _missing(error: Exception) -> bool:
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    return code == "ParameterNotFound"
