"""Texts that can be put into a document."""

from __future__ import annotations


def clean(text: str) -> str:
    """Return a text without the control characters that XML cannot hold."""
    return "".join(
        character
        for character in text
        if character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character >= "\U00010000"
    )
