"""Search for secret values in everything that a run wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud import Cloud


def find_leaks(cloud: Cloud, assembly: Path, output: str, values: Sequence[str]) -> list[str]:
    """Return the places that hold a secret value.

    Parameters
    ----------
    cloud
        Its function logs and stack events are searched.
    assembly
        The synthesized assembly; every file is searched.
    output
        What the CDK CLI printed.
    values
        The secret values.

    Returns
    -------
    list of str
        Names of files, log groups and stacks, never the value itself.
    """
    return sorted(
        {place for place, text in _texts(cloud, assembly, output) if any(v in text for v in values)}
    )


def _texts(cloud: Cloud, assembly: Path, output: str) -> Iterator[tuple[str, str]]:
    yield "output of the CDK CLI", output
    for path in sorted(p for p in assembly.rglob("*") if p.is_file()):
        yield str(path.relative_to(assembly)), path.read_text(errors="replace")
    yield from _logs(cloud)
    yield from _stack_events(cloud)


def _logs(cloud: Cloud) -> Iterator[tuple[str, str]]:
    logs = cloud.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                yield f"log group {name}", "\n".join(event["message"] for event in events["events"])


def _stack_events(cloud: Cloud) -> Iterator[tuple[str, str]]:
    formation = cloud.client("cloudformation")
    for page in formation.get_paginator("list_stacks").paginate():
        for stack in page["StackSummaries"]:
            pages = formation.get_paginator("describe_stack_events").paginate(StackName=stack["StackId"])
            for events in pages:
                yield f"events of stack {stack['StackName']}", str(events["StackEvents"])
