"""The groups that a hub knows: one SSM parameter each."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from runtime.reconciliation.config import GroupConfig, parse
from runtime.reconciliation.errors import Fatal, Skip

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ssm import SSMClient

_KEPT_SECONDS = 60.0  # a changed stack takes effect after this


class Registry:
    """Group configurations below one SSM path.

    Parameters
    ----------
    ssm : callable
        Returns the boto3 client.
    prefix : str
        The path, without a slash at its end.
    clock : callable
        Seconds, monotonic.
    """

    def __init__(
        self, ssm: Callable[[], SSMClient], prefix: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ssm = ssm
        self._prefix = prefix.rstrip("/")
        self._clock = clock
        self._kept: dict[str, tuple[float, GroupConfig]] = {}
        self._names: tuple[float, dict[str, str]] | None = None

    def group(self, key: str) -> GroupConfig:
        """Return the configuration of the group with a key.

        Raises
        ------
        Skip
            No such group: its stack is gone, or the message was not for us.
        Fatal
            The parameter is not valid.
        """
        kept = self._kept.get(key)
        if kept is None or self._clock() - kept[0] > _KEPT_SECONDS:
            kept = self._kept[key] = (self._clock(), parse(key, self._read(key)))
        return kept[1]

    def names(self) -> dict[str, str]:
        """Return the group's name by key, of every group; those whose parameter is not valid are left out."""
        if self._names is None or self._clock() - self._names[0] > _KEPT_SECONDS:
            found: dict[str, str] = {}
            for page in self._ssm().get_paginator("get_parameters_by_path").paginate(Path=self._prefix):
                for parameter in page["Parameters"]:
                    key = parameter["Name"].rpartition("/")[2]
                    with contextlib.suppress(Fatal):  # said by every look at that group
                        found[key] = parse(key, parameter["Value"]).group
            self._names = (self._clock(), found)
        return self._names[1]

    def _read(self, key: str) -> str:
        try:
            answer = self._ssm().get_parameter(Name=f"{self._prefix}/{key}")
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"ParameterNotFound", "ValidationException"}:
                raise Skip(f"no group has the key {key}") from None
            raise
        return answer["Parameter"]["Value"]
