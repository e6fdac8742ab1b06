"""Where the package keeps what is not its own code: the functions' source and Deploy's plugin."""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["NOT_SOURCE", "plugin_source", "runtime_source"]

NOT_SOURCE = shutil.ignore_patterns("__pycache__", "*.pyc", "*.class", ".*")
"""What tools leave behind in a directory of source."""

_LOCK = "requirements.lock"


def runtime_source() -> Path:
    """Return the directory of the functions' source: in an installed wheel, else in the checkout.

    Raises
    ------
    FileNotFoundError
        If neither exists, as when the package is imported from a zip file.
    """
    here = Path(__file__).resolve().parent
    for candidate in (here / "_runtime", here.parent / "runtime"):
        if (candidate / _LOCK).is_file():
            return candidate
    raise FileNotFoundError(
        f"source of the functions: got nothing at {here / '_runtime'} nor at {here.parent / 'runtime'}, "
        "expected a directory; install the package unpacked"
    )


def plugin_source() -> Path:
    """Return the directory of the plugin for Deploy: beside the functions, not part of them."""
    return runtime_source() / "plugin"
