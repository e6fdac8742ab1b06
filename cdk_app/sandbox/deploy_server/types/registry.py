"""All types of a server: merged definitions, inheritance resolved."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_app.sandbox.deploy_server.types.model import ControlTask, Descriptor, Kind, PropertyDescriptor
from cdk_app.sandbox.deploy_server.types.synthetic import (
    GeneratedDeployable,
    PropertyDefinition,
    Synthetic,
    SyntheticError,
    TypeDefinition,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_AS_TEXT = frozenset({"integer", "boolean", "enum"})


class UnknownTypeError(LookupError):
    """No such type on this server."""

    def __init__(self, type_name: str) -> None:
        super().__init__(f"Unknown CI type [{type_name}]")
        self.type_name = type_name


class TypeRegistry:
    """Looks up descriptors and answers questions about the relation of types.

    Parameters
    ----------
    sources
        Contents of ``synthetic.xml`` files in load order: a later file may modify types of an earlier one.

    Raises
    ------
    SyntheticError
        A definition extends or modifies an unknown type, or a type is defined twice.
    """

    def __init__(self, sources: Iterable[Synthetic]) -> None:
        definitions: dict[str, TypeDefinition] = {}
        changes: dict[str, list[PropertyDefinition]] = {}
        methods: dict[str, list[dict[str, str]]] = {}
        for source in sources:
            for definition in source.types:
                if definition.type in definitions:
                    raise SyntheticError(f"Type {definition.type} is defined twice")
                definitions[definition.type] = definition
            for modification in source.modifications:
                if modification.type not in definitions:
                    raise SyntheticError(f"Cannot modify the unknown type {modification.type}")
                changes.setdefault(modification.type, []).extend(modification.properties)
                methods.setdefault(modification.type, []).extend(modification.methods)
        for definition in list(definitions.values()):
            if definition.generate_deployable is not None:
                generated = _generated_deployable(definition, definition.generate_deployable)
                definitions.setdefault(generated.type, generated)
        self._descriptors: dict[str, Descriptor] = {}
        for name in definitions:
            self._resolve(name, definitions, changes, methods, ())
        self._deployed_types = [d for d in self._descriptors.values() if d.deployable_type and not d.virtual]

    def _resolve(
        self,
        name: str,
        definitions: Mapping[str, TypeDefinition],
        changes: Mapping[str, list[PropertyDefinition]],
        methods: Mapping[str, list[dict[str, str]]],
        path: tuple[str, ...],
    ) -> Descriptor:
        if name in self._descriptors:
            return self._descriptors[name]
        if name in path:
            raise SyntheticError(f"Type {name} extends itself")
        definition = definitions.get(name)
        if definition is None:
            raise SyntheticError(f"Type {path[-1]} extends the unknown type {name}")
        bases = [definition.extends] if definition.extends else []
        parents = [
            self._resolve(base, definitions, changes, methods, (*path, name))
            for base in (*bases, *definition.implements)
        ]
        properties: dict[str, PropertyDescriptor] = {}
        for parent in reversed(parents):
            properties.update(parent.properties)
        for written in (*definition.properties, *changes.get(name, ())):
            properties[written.name] = _property(name, written, properties.get(written.name))
        tasks = {task.name: task for parent in parents for task in parent.control_tasks}
        for method in (*definition.methods, *methods.get(name, ())):
            label = method.get("label") or label_of(method["name"])
            tasks[method["name"]] = ControlTask(method["name"], label, method.get("description", ""))
        superclass = parents[0] if definition.extends else None
        super_types = (superclass.type, *superclass.super_types) if superclass else ()
        interfaces = dict.fromkeys(
            [*definition.implements, *(name for parent in parents for name in parent.interfaces)]
        )
        descriptor = Descriptor(
            type=name,
            properties=properties,
            virtual=definition.virtual or definition.interface,
            description=definition.description or (superclass.description if superclass else ""),
            root=definition.root or (superclass.root if superclass else None),
            super_types=super_types,
            interfaces=tuple(interfaces),
            deployable_type=definition.deployable_type,
            container_type=definition.container_type or (superclass.container_type if superclass else None),
            control_tasks=tuple(tasks.values()),
            kinds=frozenset({name, *super_types, *interfaces}),
        )
        self._descriptors[name] = descriptor
        return descriptor

    def __iter__(self) -> Iterator[Descriptor]:
        return iter(self._descriptors.values())

    def __contains__(self, type_name: object) -> bool:
        return type_name in self._descriptors

    def get(self, type_name: str) -> Descriptor:
        """Descriptor of a type.

        Raises
        ------
        UnknownTypeError
            The server does not have it.
        """
        try:
            return self._descriptors[type_name]
        except KeyError:
            raise UnknownTypeError(type_name) from None

    def is_a(self, type_name: str, wanted: str) -> bool:
        """Whether ``type_name`` is known and is, extends or implements ``wanted``."""
        descriptor = self._descriptors.get(type_name)
        return descriptor is not None and descriptor.is_a(wanted)

    def deployed_type(self, deployable_type: str, container_type: str) -> Descriptor | None:
        """Return the deployed type for a deployable on a container; the most specific definition wins."""
        deployable, container = self.get(deployable_type), self.get(container_type)
        fitting = [
            candidate
            for candidate in self._deployed_types
            if deployable.is_a(candidate.deployable_type or "")
            and container.is_a(candidate.container_type or "")
        ]
        if not fitting:
            return None
        return min(
            fitting,
            key=lambda candidate: (
                _distance(deployable, candidate.deployable_type or ""),
                _distance(container, candidate.container_type or ""),
                candidate.type,
            ),
        )


def _distance(descriptor: Descriptor, type_name: str) -> int:
    line = (descriptor.type, *descriptor.super_types)
    return line.index(type_name) if type_name in line else len(line)


def _property(
    owner: str, written: PropertyDefinition, inherited: PropertyDescriptor | None
) -> PropertyDescriptor:
    """Return a property as defined, on top of what the super type says about it."""
    has = written.attributes
    base = inherited or PropertyDescriptor(written.name, Kind.STRING, owner, label_of(written.name))
    return replace(
        base,
        declared_by=owner,
        kind=Kind(has["kind"].upper()) if "kind" in has else base.kind,
        label=has.get("label", base.label),
        description=has.get("description", base.description),
        category=has.get("category", base.category),
        required=_boolean(has, "required", default=base.required),
        default=has.get("default", base.default),
        password=_boolean(has, "password", default=base.password),
        hidden=_boolean(has, "hidden", default=base.hidden),
        transient=_boolean(has, "transient", default=base.transient),
        as_containment=_boolean(has, "as-containment", default=base.as_containment),
        referenced_type=has.get("referenced-type", base.referenced_type),
        enum_values=written.enum_values or base.enum_values,
        size=has.get("size", base.size).upper(),
        pattern=written.pattern or base.pattern,
        pattern_message=written.pattern_message or base.pattern_message,
    )


def _boolean(attributes: Mapping[str, str], name: str, *, default: bool) -> bool:
    return attributes[name].strip().lower() == "true" if name in attributes else default


def _generated_deployable(deployed: TypeDefinition, wanted: GeneratedDeployable) -> TypeDefinition:
    """Return the deployable that ``<generate-deployable>`` asks for.

    It has the same properties, all optional and without rules; numbers and booleans are strings there, since
    a deployable may hold placeholders.
    """
    dropped = {"required", "kind"} if wanted.copies_defaults else {"required", "kind", "default"}
    properties = []
    for written in deployed.properties:
        has = written.attributes
        if has.get("hidden") == "true" or has.get("transient") == "true":
            continue
        kind = has.get("kind", "string")
        attributes = {name: value for name, value in has.items() if name not in dropped}
        attributes |= {"required": "false", "kind": "string" if kind in _AS_TEXT else kind}
        properties.append(PropertyDefinition(written.name, attributes))
    return TypeDefinition(
        type=wanted.type,
        extends=wanted.extends,
        description=deployed.description,
        properties=tuple(properties),
    )


def label_of(name: str) -> str:
    """``targetPath`` as people read it: ``Target Path``."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    return " ".join(word[:1].upper() + word[1:] for word in words) or name
