"""The documentation's tables are what the code says. Rewrite them: UPDATE_SNAPSHOTS=1."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator

import cdk_app
from tests.cdk_app.cases import ROOT

DOCUMENT = ROOT / "docs" / "construct-library.md"
# In the order in which a reader meets them.
CLASSES = (
    "DeployedAutoScalingGroup",
    "DeployHub",
    "DeployServer",
    "DeployCredentials",
    "NewBastion",
    "ExistingJumpstation",
    "DirectAccess",
    "HostTemplate",
    "Gate",
    "StoredKey",
    "KeyFile",
    "CredentialsItem",
    "StoredPassword",
    "SecretField",
    "EndpointDelivery",
)


def sections(docstring: str) -> Iterator[tuple[str, str, str]]:
    """Return section, name and text of every entry of a NumPy docstring."""
    section = ""
    lines = inspect.cleandoc(docstring).splitlines()
    entry: tuple[str, list[str]] | None = None
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if after and set(after) == {"-"}:
            if entry:
                yield section, entry[0], " ".join(entry[1])
            section, entry = line, None
        elif section and line and set(line) != {"-"}:
            if line.startswith(" "):
                assert entry is not None
                entry[1].append(line.strip())
            else:
                if entry:
                    yield section, entry[0], " ".join(entry[1])
                entry = (line, [])
    if entry:
        yield section, entry[0], " ".join(entry[1])


def tables() -> str:
    parts = []
    for name in CLASSES:
        kind = getattr(cdk_app, name)
        docstring = inspect.getdoc(kind)
        assert docstring
        required = {
            parameter.name
            for parameter in inspect.signature(kind.__init__).parameters.values()
            if parameter.default is parameter.empty
        }
        parts.append(f"### `{name}`\n\n{docstring.partition(chr(10))[0]}\n")
        for section, heading in (("Parameters", "Property"), ("Attributes", "Attribute")):
            rows = []
            for found, entry, text in sections(docstring):
                if found == section:
                    names, _, _ = entry.partition(" : ")
                    mark = " *" if section == "Parameters" and names in required else ""
                    shown = ", ".join(f"`{each}`" for each in names.split(", "))
                    rows.append(f"| {shown}{mark} | {plain(text)} |")
            if rows:
                parts.append("\n".join([f"| {heading} | |", "|---|---|", *rows]) + "\n")
    return "\n".join(["`*` is required; `(- …)` is what happens when it is left out.\n", *parts])


def plain(text: str) -> str:
    """Return a docstring's text as Markdown."""
    text = re.sub(r":class:`~?(?:\w+\.)*(\w+)`", r"`\1`", text)
    return re.sub(r"``(.+?)``", r"`\1`", text).replace("|", "\\|")


def test_tables_of_properties_and_attributes_are_what_the_code_says() -> None:
    text = DOCUMENT.read_text()
    before, _, rest = text.partition("<!-- tables -->\n")
    _, _, after = rest.partition("<!-- end of tables -->\n")
    generated = f"{before}<!-- tables -->\n{tables()}<!-- end of tables -->\n{after}"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        DOCUMENT.write_text(generated)
    assert DOCUMENT.read_text() == generated


def test_every_public_name_is_in_the_tables() -> None:
    assert set(CLASSES) == set(cdk_app.__all__)


def test_the_version_is_in_the_changelog() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert f"\n## {version[1]}" in (ROOT / "CHANGELOG.md").read_text()
