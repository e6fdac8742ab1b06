"""The seam to MiniStack: every private name that a gap uses passes through here.

MiniStack publishes no extension points, so the gaps replace names of one exact version. A name that has
moved must stop the start with a sentence, not turn up hours later as a missing event.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

PINNED = "1.5.33"


class MissingNameError(RuntimeError):
    """A private name of MiniStack that a gap relies on is absent or of another kind."""


def names(
    module: str, *, functions: Sequence[str] = (), stores: Sequence[str] = (), values: Sequence[str] = ()
) -> Any:  # noqa: ANN401 - MiniStack is published without types
    """Import a module of MiniStack and check the private names that the caller uses.

    Parameters
    ----------
    module
        Name below the package ``ministack``, such as ``"services.ec2"``.
    functions
        Names that must exist and be callable.
    stores
        Names that must exist and hold a container (they are updated in place, never replaced).
    values
        Names that must exist.

    Returns
    -------
    Any
        The module.

    Raises
    ------
    MissingNameError
        When a name is missing or of another kind; the text names it and the installed version.
    """
    loaded = importlib.import_module(f"ministack.{module}")
    wrong = [f"{name} (a function)" for name in functions if not callable(getattr(loaded, name, None))]
    wrong += [
        f"{name} (a container)" for name in stores if not hasattr(getattr(loaded, name, None), "__contains__")
    ]
    wrong += [f"{name} (a value)" for name in values if not hasattr(loaded, name)]
    if wrong:
        raise MissingNameError(
            f"ministack.{module} of MiniStack {version('ministack')} lacks {', '.join(wrong)}; "
            f"the local cloud is written for MiniStack {PINNED}: install ministack=={PINNED}"
        )
    return loaded
