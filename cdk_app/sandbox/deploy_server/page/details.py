"""The pages of one item and of one task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.page.document import badge, item_link, node, quiet, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lxml import etree

    from cdk_app.sandbox.deploy_server.repository.store import Repository
    from cdk_app.sandbox.deploy_server.tasks.model import Block, Step, Task
    from cdk_app.sandbox.deploy_server.types import PropertyDescriptor
    from cdk_app.sandbox.deploy_server.wire.views import ItemView, Shown

_LONGEST_LIST = 500


def item_page(
    view: ItemView, repository: Repository, readable: Callable[[str], bool]
) -> list[etree._Element]:
    """Return the content of the page of one item, whose secrets are masked."""
    children = [ci_id for ci_id in repository.children(view.id) if readable(ci_id)][:_LONGEST_LIST]
    referrers = [ci_id for ci_id in repository.referrers(view.id) if readable(ci_id)][:_LONGEST_LIST]
    content = [
        node("h1", view.id),
        node("p", quiet(view.type)),
        table(("Property", "Value"), [(prop.name, _value(prop, value)) for prop, value in view.properties]),
    ]
    for title, ids in (("Contains", children), ("Referred to by", referrers)):
        if ids:
            content += [node("h2", title), node("ul", *(node("li", item_link(ci_id)) for ci_id in ids))]
    return content


def task_page(task: Task) -> list[etree._Element]:
    """Return the content of the page of one task."""
    facts = [(name, value) for name, value in task.metadata.items() if value]
    return [
        node("h1", task.description, " ", badge(task.state)),
        node("p", quiet(f"{task.id}, owned by {task.owner}")),
        *(_block(phase.blocks[0]) for phase in task.block.blocks),
        node("h2", "Metadata"),
        table(("Name", "Value"), facts),
    ]


def _block(block: Block) -> etree._Element:
    title = f"{block.description or block.path}{' (side by side)' if block.parallel else ''}"
    return node(
        "section",
        node("h2", title, " ", badge(block.state)),
        *(_block(inner) for inner in block.blocks),
        *(_step(f"{block.path}_{number}", step) for number, step in enumerate(block.steps, start=1)),
    )


def _step(path: str, step: Step) -> etree._Element:
    return node(
        "details",
        node(
            "summary", badge(step.state), " ", step.description, " ", quiet(" ".join((path, *step.deployeds)))
        ),
        node("pre", step.log) if step.log else quiet("No log yet."),
        id=f"step-{path}",
        **({"open": "open"} if step.state in ("FAILED", "EXECUTING") else {}),
    )


def _value(prop: PropertyDescriptor, value: Shown) -> etree._Element | str:
    if isinstance(value, dict):
        return table(("Key", "Value"), value.items())
    if isinstance(value, list):
        return node("ul", *(node("li", item) for item in _entries(prop, value[:_LONGEST_LIST])))
    if prop.kind.holds_references:
        return item_link(str(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _entries(prop: PropertyDescriptor, values: Sequence[str]) -> list[etree._Element | str]:
    return [item_link(value) if prop.kind.holds_references else value for value in values]
