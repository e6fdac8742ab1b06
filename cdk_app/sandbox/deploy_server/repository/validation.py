"""Checks a configuration item against its type and brings its values into stored form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.errors import RefusedError
from cdk_app.sandbox.deploy_server.repository.model import (
    DIRECTORY,
    ROOT_TYPE,
    Draft,
    Raw,
    ValidationMessage,
    Value,
    name_of,
    parent_of,
    root_of,
)
from cdk_app.sandbox.deploy_server.text import clean
from cdk_app.sandbox.deploy_server.types import Descriptor, Kind, PropertyDescriptor, TypeRegistry

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.deploy_server.repository.cipher import Cipher


class Validator:
    """Turns drafts into stored values.

    Parameters
    ----------
    types
        The server's types.
    cipher
        Accepts passwords that a client read and sends back.
    refuse_unknown_properties
        Whether a property that the type does not have is an error, or dropped.
    """

    def __init__(
        self, types: TypeRegistry, cipher: Cipher, *, refuse_unknown_properties: bool = True
    ) -> None:
        self._types = types
        self._cipher = cipher
        self._refuse_unknown = refuse_unknown_properties

    def check(
        self, draft: Draft, *, complete: bool = True
    ) -> tuple[dict[str, Value], list[ValidationMessage]]:
        """Return stored values of a draft and everything that is wrong with it.

        Parameters
        ----------
        draft
            The item as sent.
        complete
            Whether required properties must be there and defaults are filled in.

        Raises
        ------
        RefusedError
            The server does not have the type, or the type has no such property; the texts are those of the
            vendor's ``ConfigurationItemConverter``, raised while a body is read.
        """
        if draft.type not in self._types:
            where = f"[{draft.type}] for ConfigurationItem [{draft.id}]"
            raise RefusedError(f"Encountered unknown CI type {where}")
        descriptor = self._types.get(draft.type)
        if self._refuse_unknown:
            for name in draft.properties:
                if name not in descriptor.properties:
                    where = f"[{draft.type}.{name}] for ci [{draft.id}]"
                    raise RefusedError(f"Encountered unknown ConfigurationItem property {where}")
        values: dict[str, Value] = {}
        messages: list[ValidationMessage] = []
        for prop in descriptor.properties.values():
            if prop.as_containment:
                continue
            raw = draft.properties.get(prop.name)
            if prop.hidden or (raw is None and complete):
                raw = prop.default if prop.default is not None else raw
            try:
                value = self.convert(prop, raw)
            except ValueError as error:
                messages.append(ValidationMessage(draft.id, prop.name, str(error)))
                continue
            if value is None:
                if complete and prop.required and prop.kind not in _MAY_BE_EMPTY:
                    messages.append(ValidationMessage(draft.id, prop.name, "Value is required"))
            else:
                values[prop.name] = value
        return values, messages

    def convert(self, prop: PropertyDescriptor, raw: Raw) -> Value | None:
        """Return a value in stored form, ``None`` when it is unset.

        Raises
        ------
        ValueError
            The value does not fit the kind; the text is for the user.
        """
        if raw is None:
            return None
        return _CONVERTERS[prop.kind](self._cipher, prop, raw)


def _string(cipher: Cipher, prop: PropertyDescriptor, raw: Raw) -> Value | None:
    if isinstance(raw, bool):
        raw = str(raw).lower()
    if isinstance(raw, (list, dict)):
        raise ValueError(f"Property {prop.name} is not a string")
    text = str(raw)
    if text == "":
        return None
    if prop.pattern is not None and not re.fullmatch(prop.pattern, text):
        raise ValueError(prop.pattern_message or f"Value '{text}' did not conform to pattern {prop.pattern}")
    return cipher.accept(text) if prop.password else text


def _enum(_: Cipher, prop: PropertyDescriptor, raw: Raw) -> Value | None:
    if not isinstance(raw, str):
        raise ValueError(f"Property {prop.name} is not a string")
    if raw == "":
        return None
    for value in prop.enum_values:
        # The vendor's own scripts write "unix" for UNIX.
        if value.lower() == raw.lower():
            return value
    raise ValueError(f"Value '{raw}' is not one of {', '.join(prop.enum_values)}")


def _boolean(_: Cipher, prop: PropertyDescriptor, raw: Raw) -> Value | None:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in ("true", "false"):
        return raw.lower() == "true"
    if raw == "":
        return None
    raise ValueError(f"Property {prop.name} is not a boolean")


def _integer(_: Cipher, prop: PropertyDescriptor, raw: Raw) -> Value | None:
    if raw == "":
        return None
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and re.fullmatch(r"[+-]?\d{1,10}", raw.strip()):
        return int(raw)
    raise ValueError(f"Property {prop.name} is not an integer")


def _reference(_: Cipher, prop: PropertyDescriptor, raw: Raw) -> Value | None:
    return reference_id(prop.name, raw) or None


def _references(_: Cipher, prop: PropertyDescriptor, raw: Raw) -> Value | None:
    if not isinstance(raw, list):
        raise ValueError(f"Property {prop.name} is not a list")
    return _unique(prop, [reference_id(prop.name, item) for item in raw])


def _strings(_: Cipher, prop: PropertyDescriptor, raw: Raw) -> Value | None:
    if not isinstance(raw, list) or not all(isinstance(item, (str, int)) for item in raw):
        raise ValueError(f"Property {prop.name} is not a list of strings")
    return _unique(prop, [str(item) for item in raw])


def _unique(prop: PropertyDescriptor, items: list[str]) -> tuple[str, ...]:
    is_set = prop.kind in (Kind.SET_OF_CI, Kind.SET_OF_STRING)
    return tuple(dict.fromkeys(items)) if is_set else tuple(items)


def _entries(cipher: Cipher, prop: PropertyDescriptor, raw: Raw) -> Value | None:
    if not isinstance(raw, dict) or any(isinstance(value, (list, dict)) for value in raw.values()):
        raise ValueError(f"Property {prop.name} is not a map of strings")
    texts = {key: _text(value) for key, value in raw.items()}
    return {
        key: cipher.accept(value) if prop.password or value.startswith("e{{b64}") else value
        for key, value in texts.items()
    }


def _text(raw: Raw) -> str:
    if raw is None:
        return ""
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def reference_id(name: str, raw: Raw) -> str:
    """Return the id in any of the forms in which clients write a reference.

    A string, ``{"ci-ref": id}`` (vendor's samples) or an item, ``{"id": …, "type": …}``.

    Raises
    ------
    ValueError
        None of these.
    """
    if isinstance(raw, dict):
        for key in ("ci-ref", "id", "ref", "ci"):
            if isinstance(raw.get(key), str):
                raw = raw[key]
                break
    if not isinstance(raw, str):
        raise ValueError(f"Property {name} does not hold ids of configuration items")
    return raw.strip("/")


_CONVERTERS: dict[Kind, Callable[[Cipher, PropertyDescriptor, Raw], Value | None]] = {
    Kind.STRING: _string,
    Kind.DATE: _string,
    Kind.ENUM: _enum,
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.CI: _reference,
    Kind.SET_OF_CI: _references,
    Kind.LIST_OF_CI: _references,
    Kind.SET_OF_STRING: _strings,
    Kind.LIST_OF_STRING: _strings,
    Kind.MAP_STRING_STRING: _entries,
}
# A collection without entries is a value, and a flag that is not set is false.
_MAY_BE_EMPTY = frozenset(
    {kind for kind in Kind if kind.is_collection} | {Kind.MAP_STRING_STRING, Kind.BOOLEAN}
)


def placement_error(types: TypeRegistry, ci_id: str, descriptor: Descriptor, parent_type: str) -> str | None:
    """Why an item of a type cannot be where its id says, ``None`` if it can.

    A type lives below its root node (in directories), below the item that its parent property names,
    or below a type that lists it as children. The wording is ours, no source has it.
    """
    parent = parent_of(ci_id)
    if descriptor.virtual:
        return f"Cannot create an instance of the virtual type {descriptor.type}"
    if not name_of(ci_id) or parent is None or clean(ci_id) != ci_id:
        return f"[{ci_id}] is not a valid id"
    in_directory = parent_type in (ROOT_TYPE, DIRECTORY)
    if descriptor.type == DIRECTORY:
        return None if in_directory else f"A directory cannot be placed below [{parent}]"
    if in_directory:
        if descriptor.root is None:
            return f"Type {descriptor.type} cannot be placed below [{parent}]"
        if descriptor.root != root_of(ci_id):
            return f"Type {descriptor.type} must be placed below {descriptor.root}, not below [{parent}]"
        return None
    container = types.get(parent_type)
    for prop in descriptor.properties.values():
        if prop.is_parent and container.is_a(prop.referenced_type or ""):
            return None
    for prop in container.properties.values():
        if prop.is_children and descriptor.is_a(prop.referenced_type or ""):
            return None
    return f"Type {descriptor.type} cannot be placed below [{parent}] of type {parent_type}"
