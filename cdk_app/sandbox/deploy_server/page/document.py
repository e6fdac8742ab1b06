"""The frame of every page: one style sheet, and a script that keeps the page up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from lxml import etree

from cdk_app.sandbox.deploy_server.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --quiet: light-dark(#6a6a6a, #a0a0a0); }
:root { --accent: light-dark(#1d5fc9, #7fb0ff); }
* { box-sizing: border-box; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0; }
header { border-bottom: 1px solid var(--line); padding: .8rem 1.5rem; display: flex; }
header a { font-weight: 600; color: inherit; text-decoration: none; }
header span { color: var(--quiet); margin-left: auto; }
main { padding: 0 1.5rem 2rem; max-width: 75rem; margin: auto; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2rem; }
a { color: var(--accent); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; }
th, td { border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { color: var(--quiet); font-weight: 500; overflow-wrap: normal; }
ul { list-style: none; padding-left: 1.1rem; margin: 0; } td ul { padding-left: 0; }
pre { margin: .3rem 0; padding: .5rem; background: #8881; white-space: pre-wrap; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
.state { font-size: .8rem; padding: .05rem .5rem; border-radius: 1rem; white-space: nowrap; }
.state { background: #8883; }
.good { background: #2a9d4a; color: white; } .bad { background: #c9342f; color: white; }
.busy { background: #d98a00; color: white; }
"""
_SCRIPT = """
const seen = new Map();
addEventListener("click", event => {
  const part = event.target.closest("summary")?.parentElement;
  if (part) seen.set(part.id, !part.open);
});
setInterval(async () => {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [before, after] = [document, fresh].map(page => page.querySelector("main"));
  for (const part of after.querySelectorAll("details"))
    if (seen.has(part.id)) part.open = seen.get(part.id);
  if (before.innerHTML !== after.innerHTML) before.replaceWith(after);
}, 1000);
"""
_GOOD = frozenset({"EXECUTED", "DONE", "SKIPPED"})
_BAD = frozenset({"FAILED", "ABORTED", "CANCELLED"})
_BUSY = frozenset({"EXECUTING", "QUEUED", "STOPPING", "ABORTING", "FAILING"})


def node(tag: str, *content: etree._Element | str, **attributes: str) -> etree._Element:
    """Return an element with texts and elements in it; an attribute may end in an underscore."""
    element = etree.Element(tag, {name.rstrip("_"): value for name, value in attributes.items()})
    for part in content:
        if not isinstance(part, str):
            element.append(part)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + clean(part)
        else:
            element.text = (element.text or "") + clean(part)
    return element


def page(title: str, user: str, content: Iterable[etree._Element]) -> bytes:
    """Return a whole page.

    Parameters
    ----------
    user
        Name of who looks at it.
    """
    document = node(
        "html",
        node(
            "head",
            node("meta", charset="utf-8"),
            node("meta", name="viewport", content="width=device-width"),
            node("title", f"{title} - Deploy stand-in"),
            node("style", _STYLE),
        ),
        node(
            "body",
            node("header", node("a", "Deploy stand-in", href="/"), node("span", user)),
            node("main", *content),
            node("script", _SCRIPT),
        ),
        lang="en",
    )
    return etree.tostring(document, method="html", doctype="<!DOCTYPE html>", encoding="utf-8")


def item_link(ci_id: str, text: str | None = None) -> etree._Element:
    """Return a link to the page of an item."""
    return node("a", text or ci_id, href=f"/items/{quote(ci_id)}")


def task_link(task_id: str, text: str) -> etree._Element:
    """Return a link to the page of a task."""
    return node("a", text, href=f"/tasks/{quote(task_id)}")


def badge(state: str) -> etree._Element:
    """Return a state in the colour of its kind."""
    kind = "good" if state in _GOOD else "bad" if state in _BAD else "busy" if state in _BUSY else ""
    return node("span", state, class_=f"state {kind}".strip())


def quiet(text: str) -> etree._Element:
    """Return a remark."""
    return node("span", text, class_="quiet")


def table(head: Iterable[str], rows: Iterable[Iterable[etree._Element | str]]) -> etree._Element:
    """Return a table; cells are elements or texts."""
    lines = [node("tr", *(node("td", cell) for cell in row)) for row in rows]
    return node(
        "table", node("thead", node("tr", *(node("th", name) for name in head))), node("tbody", *lines)
    )
