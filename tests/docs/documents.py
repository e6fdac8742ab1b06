"""What the documents hold: code, links, headings, tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCUMENTS = (README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, language: str) -> list[str]:
    """Return the code blocks in a language; the empty language is that of blocks without one."""
    fenced = re.compile(r"^```([a-z]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [text for found, text in fenced.findall(path.read_text()) if found == language]


def prose(path: Path) -> str:
    """Return a document without its code blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return what links into a document may name, by GitHub's rule for headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return frozenset(heading.replace(" ", "-") for heading in plain)


def links(path: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose(path))


def rows(path: Path, heading: str) -> Iterator[list[str]]:
    """Return the rows of all tables under a heading, down to the next one, without their heads."""
    _, found, rest = path.read_text().partition(f"\n{heading}\n")
    assert found, f"{name(path)} has no heading {heading!r}"
    section = re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]
    body = False
    for line in section.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if not cells:
            body = False
        elif all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            body = True
        elif body:
            yield cells


def codes(cell: str) -> list[str]:
    """Return what is set as code in a text."""
    return re.findall(r"`([^`]+)`", cell)
