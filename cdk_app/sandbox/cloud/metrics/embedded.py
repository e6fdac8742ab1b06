"""Metrics that functions embed in their log lines. Pure.

After the embedded metric format specification in the CloudWatch user guide.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Datum:
    """One value of a metric."""

    namespace: str
    name: str
    value: float
    unit: str = "None"
    dimensions: Mapping[str, str] = field(default_factory=dict)


def embedded(line: str) -> list[Datum]:
    """Return the metrics in a log line, none when it is not of the format."""
    if not line.startswith("{"):
        return []
    try:
        document = json.loads(line)
        directives = document["_aws"]["CloudWatchMetrics"]
        return [datum for directive in directives for datum in _data(directive, document)]
    except (KeyError, TypeError, ValueError):
        return []


def _data(directive: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Datum]:
    for dimension_set in directive["Dimensions"] or [[]]:
        dimensions = {name: str(document[name]) for name in dimension_set}
        for metric in directive["Metrics"]:
            values = document[metric["Name"]]
            for value in values if isinstance(values, list) else [values]:
                yield Datum(
                    directive["Namespace"],
                    metric["Name"],
                    float(value),
                    metric.get("Unit", "None"),
                    dimensions,
                )
