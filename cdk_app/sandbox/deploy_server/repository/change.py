"""What a write did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem


@dataclass(frozen=True, slots=True)
class Change:
    """One write to the repository.

    Attributes
    ----------
    removed
        Ids that are gone.
    moved
        New ids by old ones, for those of the gone that were moved.
    """

    written: Sequence[ConfigurationItem]
    removed: Sequence[str]
    moved: Mapping[str, str]
