"""What the seeder has created, kept in SSM parameters: only that may be removed again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_ssm import SSMClient


class Records:
    """One parameter per resource, holding a JSON list of CI ids in the order of creation.

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

    def read(self, name: str) -> list[str]:
        """Return the ids recorded under a name."""
        try:
            answer = self._ssm().get_parameter(Name=self._path(name))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ParameterNotFound":
                return []
            raise
        return [str(item) for item in json.loads(answer["Parameter"]["Value"])]

    def write(self, name: str, ids: Sequence[str]) -> None:
        """Record ids under a name."""
        self._ssm().put_parameter(
            Name=self._path(name),
            Value=json.dumps(list(ids)),
            Type="String",
            Overwrite=True,
            Tier="Intelligent-Tiering",
        )

    def delete(self, name: str) -> None:
        """Forget a name."""
        try:
            self._ssm().delete_parameter(Name=self._path(name))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ParameterNotFound":
                raise

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}"
