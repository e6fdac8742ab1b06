"""What depends on what in a template, and values with references put in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.cdk_app.cases import Template


def referred(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Return logical ids that a value refers to."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case dict():
            for each in value.values():
                yield from referred(each)
        case list():
            for each in value:
                yield from referred(each)


def needs(template: Template, logical_id: str) -> set[str]:
    """Return all that must exist before a resource: CloudFormation deletes it before any of them."""
    found: set[str] = set()
    waiting = [logical_id]
    while waiting:
        resource = template["Resources"].get(waiting.pop())
        if resource is None:
            continue
        depends_on = resource.get("DependsOn", [])
        names = {*referred(resource.get("Properties", {}))}
        names |= {depends_on} if isinstance(depends_on, str) else set(depends_on)
        waiting += names - found
        found |= names & template["Resources"].keys()
    return found


def written(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value with ``<Id>`` or ``<Id.Attribute>`` in place of references."""
    match value:
        case {"Ref": str(name)}:
            return f"<{name}>"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [str(delimiter), list(parts)]}:
            return delimiter.join(str(written(part)) for part in parts)
        case dict():
            return {key: written(each) for key, each in value.items()}
        case list():
            return [written(each) for each in value]
        case _:
            return value
