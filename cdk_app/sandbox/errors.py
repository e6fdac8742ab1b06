"""What keeps a local run from going on."""

from __future__ import annotations


class SandboxError(RuntimeError):
    """A run cannot start or go on; the message says why and, where it is known, what to do."""
