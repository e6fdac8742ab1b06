"""The start page: environments, tasks, the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.page.document import badge, item_link, node, quiet, table, task_link
from cdk_app.sandbox.deploy_server.repository.model import DIRECTORY, ROOT_TYPE, ROOTS, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lxml import etree

    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem
    from cdk_app.sandbox.deploy_server.repository.store import Repository
    from cdk_app.sandbox.deploy_server.tasks.model import Task

_LONGEST_LIST = 200
_LATEST_TASKS = 30


def overview(
    repository: Repository, tasks: Sequence[Task], readable: Callable[[str], bool]
) -> list[etree._Element]:
    """Return the content of the start page.

    Parameters
    ----------
    tasks
        Those that the user may see.
    readable
        Whether the user may read an item.
    """
    environments = [item for item in repository.of_type("udm.Environment") if readable(item.id)]
    return [
        node("h2", "Environments"),
        _environments(repository, environments),
        node("h2", "Tasks"),
        _tasks(tasks),
        node("h2", "Repository"),
        node("ul", *(_node(repository, repository.get(root), readable) for root in ROOTS)),
    ]


def _environments(repository: Repository, environments: Sequence[ConfigurationItem]) -> etree._Element:
    if not environments:
        return quiet("There are none.")
    rows = []
    for environment in sorted(environments, key=lambda item: item.id):
        members = environment.properties.get("members")
        deployed = [repository.get(ci_id) for ci_id in repository.children(environment.id)]
        rows.append(
            (
                item_link(environment.id),
                _list([item_link(member, name_of(member)) for member in _ids(members)]),
                _list(
                    [
                        item_link(item.id, f"{item.name} {name_of(str(item.properties.get('version')))}")
                        for item in deployed
                    ]
                ),
            )
        )
    return table(("Environment", "Members", "Applications"), rows)


def _tasks(tasks: Sequence[Task]) -> etree._Element:
    if not tasks:
        return quiet("There are none.")
    rows = [
        (
            badge(task.state),
            task_link(task.id, f"{task.description} {task.metadata.get('version', '')}".strip()),
            task.metadata.get("environment", ""),
            task.owner,
            f"{task.started:%H:%M:%S}" if task.started else "",
        )
        for task in reversed(tasks[-_LATEST_TASKS:])
    ]
    return table(("State", "Task", "Environment", "Owner", "Started"), rows)


def _node(repository: Repository, item: ConfigurationItem, readable: Callable[[str], bool]) -> etree._Element:
    """Return a node of the tree; below items other than directories their own page goes on."""
    if item.type not in (ROOT_TYPE, DIRECTORY):
        return node("li", item_link(item.id, item.name), " ", quiet(item.type))
    children = [repository.get(ci_id) for ci_id in repository.children(item.id) if readable(ci_id)]
    children.sort(key=lambda child: (child.type != DIRECTORY, child.id))
    return node(
        "li",
        node(
            "details",
            node("summary", item.name, " ", quiet(str(len(children)))),
            _list([_node(repository, child, readable) for child in children]),
            id=f"node-{item.internal_id}",
            **({"open": "open"} if item.type == ROOT_TYPE else {}),
        ),
    )


def _list(entries: Sequence[etree._Element]) -> etree._Element:
    lines = [entry if entry.tag == "li" else node("li", entry) for entry in entries[:_LONGEST_LIST]]
    if len(entries) > _LONGEST_LIST:
        lines.append(node("li", quiet(f"and {len(entries) - _LONGEST_LIST} more")))
    return node("ul", *lines)


def _ids(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
