"""Settings of `app.py`, read from the context: `cdk.json` or ``cdk … -c key=value``."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from constructs import Node

__all__ = ["Config"]

_OURS = re.compile(
    r"^(allow|bastion|cloud|delay|delivery|deploy|group|instance|nag|schedule|template|vpc)([A-Z].*)?$"
)
"""How keys of ours begin. Others in the context belong to CDK or to somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of the app; each is the context key of the same name in camelCase.

    Parameters
    ----------
    deploy_url
        Base address of the Deploy server.
    deploy_secret_name
        Name of the secret with its credentials.
    bastion_allowed_cidrs
        Ranges that may open SSH to the bastion.
    cloud_secret_name
        Name of the secret with an access key for Deploy's AWS cloud connection (- there is none).
    group_name, group_max_capacity, instance_type
        Name and greatest size of the group, type of its instances.
    template_properties
        Connection properties of the hosts, on top of the defaults.
    delivery
        ``handler``, or ``endpoint``: events go straight into Deploy, with the field ``authorization`` of
        `deploy_secret_name`; then `delay_seconds` and `schedule_minutes` mean nothing.
    vpc_id
        Existing network (- a new one of `vpc_cidr`).
    vpc_cidr
        Range of a new network.
    allow_plain_http
        Accept a Deploy server without TLS.
    schedule_minutes
        Minutes between two reconciles without an event.
    delay_seconds
        Seconds that a hint rests so that a burst becomes one look.
    nag
        Have the stack checked by cdk-nag at this synthesis.
    """

    deploy_url: str
    deploy_secret_name: str
    bastion_allowed_cidrs: Sequence[str]
    cloud_secret_name: str | None = None
    group_name: str = "web"
    group_max_capacity: int = 10
    instance_type: str = "t4g.small"
    template_properties: Mapping[str, str | int | bool | list[str]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    delivery: str = "handler"
    vpc_id: str | None = None
    vpc_cidr: str = "10.20.0.0/16"
    allow_plain_http: bool = False
    schedule_minutes: int = 5
    delay_seconds: int = 2
    nag: bool = False

    @classmethod
    def from_context(cls, node: Node) -> Self:
        """Read the settings from the context of an app.

        Raises
        ------
        ValueError
            If a key is missing, unknown or of the wrong type.
        """
        return cls.from_mapping(node.get_all_context())

    @classmethod
    def from_mapping(cls, context: Mapping[str, Any]) -> Self:
        """Read the settings from a context; values may be strings, as ``-c`` gives them.

        Raises
        ------
        ValueError
            If a key is missing, unknown or of the wrong type.
        """
        known = {_camel_case(each.name): each.name for each in fields(cls)}
        for key in context:
            if _OURS.match(key) and key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ValueError(
                    f"context key {key!r}: got an unknown key, expected one of {', '.join(known)}{hint}"
                )
        values: dict[str, Any] = {
            name: _READERS[name](key, context[key])
            for key, name in known.items()
            if context.get(key) is not None
        }
        for name in ("deploy_url", "deploy_secret_name", "bastion_allowed_cidrs"):
            if name not in values:
                key = _camel_case(name)
                raise ValueError(
                    f"context key {key!r}: got nothing, expected {_EXPECTED[_READERS[name]]}; "
                    f"set it in cdk.json or pass -c {key}=…"
                )
        return cls(**values)


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _string(key: str, value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise _wrong(key, value, _string)


def _secret_name(key: str, value: object) -> str:
    if isinstance(value, str) and value.strip() and not value.strip().startswith("arn:"):
        return value.strip()
    raise _wrong(key, value, _secret_name)


def _whole_number(key: str, value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"\d+", value.strip()):
        return int(value)
    if isinstance(value, float | int) and not isinstance(value, bool) and value == int(value) and value >= 0:
        return int(value)
    raise _wrong(key, value, _whole_number)


def _switch(key: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise _wrong(key, value, _switch)


def _delivery(key: str, value: object) -> str:
    if value in ("handler", "endpoint"):
        return str(value)
    raise _wrong(key, value, _delivery)


def _strings(key: str, value: object) -> tuple[str, ...]:
    parsed = _parsed(value)
    if isinstance(parsed, list) and parsed and all(isinstance(each, str) for each in parsed):
        return tuple(parsed)
    raise _wrong(key, value, _strings)


def _properties(key: str, value: object) -> dict[str, str | int | bool | list[str]]:
    parsed = _parsed(value)
    if isinstance(parsed, Mapping) and all(
        isinstance(each, str | int | bool)
        or (isinstance(each, list) and all(isinstance(item, str) for item in each))
        for each in parsed.values()
    ):
        return dict(parsed)
    raise _wrong(key, value, _properties)


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return None


def _wrong(key: str, value: object, reader: Callable[[str, object], object]) -> ValueError:
    return ValueError(f"context key {key!r}: got {value!r}, expected {_EXPECTED[reader]}")


_EXPECTED: Mapping[Callable[[str, object], object], str] = {
    _string: "a string",
    _secret_name: "a secret's name, not its ARN",
    _whole_number: "a whole number",
    _switch: "true or false",
    _delivery: "'handler' or 'endpoint'",
    _strings: 'a list of strings such as ["203.0.113.10/32"]',
    _properties: 'an object such as {"username": "ec2-user"}',
}

_READERS = {
    "deploy_url": _string,
    "deploy_secret_name": _secret_name,
    "bastion_allowed_cidrs": _strings,
    "cloud_secret_name": _secret_name,
    "group_name": _string,
    "group_max_capacity": _whole_number,
    "instance_type": _string,
    "template_properties": _properties,
    "delivery": _delivery,
    "vpc_id": _string,
    "vpc_cidr": _string,
    "allow_plain_http": _switch,
    "schedule_minutes": _whole_number,
    "delay_seconds": _whole_number,
    "nag": _switch,
}
