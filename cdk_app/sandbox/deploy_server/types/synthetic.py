"""Reads type definitions in the format of Deploy's ``synthetic.xml``.

Source: vendor pages "define a new CI type", "customize an existing CI type"; public plugins.
The attribute ``implements`` of namespace ``urn:deploy-stand-in`` is ours: the built-in types are Java
classes on the real server, and a ``synthetic.xml`` cannot say which interfaces a class implements.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from cdk_app.sandbox.deploy_server.types.model import Kind

SYNTHETIC = "http://www.xebialabs.com/deployit/synthetic"
STAND_IN = "urn:deploy-stand-in"


class SyntheticError(ValueError):
    """A type definition that a server would refuse at start-up."""


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    """One ``<property>`` element: its attributes as written, so that absent ones can be inherited."""

    name: str
    attributes: dict[str, str]
    enum_values: tuple[str, ...] = ()
    pattern: str | None = None
    pattern_message: str | None = None


@dataclass(frozen=True, slots=True)
class GeneratedDeployable:
    """One ``<generate-deployable>`` element."""

    type: str
    extends: str
    copies_defaults: bool


@dataclass(frozen=True, slots=True)
class TypeDefinition:
    """One ``<type>`` element."""

    type: str
    extends: str | None
    implements: tuple[str, ...] = ()
    virtual: bool = False
    interface: bool = False
    description: str = ""
    root: str | None = None
    deployable_type: str | None = None
    container_type: str | None = None
    generate_deployable: GeneratedDeployable | None = None
    properties: tuple[PropertyDefinition, ...] = ()
    methods: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TypeModification:
    """One ``<type-modification>`` element."""

    type: str
    properties: tuple[PropertyDefinition, ...]
    methods: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Synthetic:
    """The content of one file."""

    types: tuple[TypeDefinition, ...] = ()
    modifications: tuple[TypeModification, ...] = field(default=())


def parse_synthetic(content: bytes, origin: str) -> Synthetic:
    """Read one ``synthetic.xml``.

    Parameters
    ----------
    content
        The bytes of the file.
    origin
        Name used in error texts.

    Raises
    ------
    SyntheticError
        The file is not XML, or an element lacks what it needs.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise SyntheticError(f"{origin}: not XML: {error}") from error
    if _local(root) != "synthetic":
        raise SyntheticError(f"{origin}: root element is <{_local(root)}>, expected <synthetic>")
    types: list[TypeDefinition] = []
    modifications: list[TypeModification] = []
    for element in root:
        name = element.get("type")
        if not name:
            raise SyntheticError(f"{origin}: <{_local(element)}> at line {element.sourceline} has no type")
        if _local(element) == "type":
            types.append(_type(element, name))
        elif _local(element) == "type-modification":
            modifications.append(TypeModification(name, _properties(element, origin), _methods(element)))
        else:
            raise SyntheticError(f"{origin}: unknown element <{_local(element)}>")
    return Synthetic(tuple(types), tuple(modifications))


def _type(element: etree._Element, name: str) -> TypeDefinition:
    generated = next((child for child in element if _local(child) == "generate-deployable"), None)
    root = element.get("root")
    return TypeDefinition(
        type=name,
        extends=element.get("extends"),
        implements=tuple((element.get(f"{{{STAND_IN}}}implements") or "").split()),
        interface=_flag(element.get(f"{{{STAND_IN}}}interface")),
        virtual=_flag(element.get("virtual")),
        description=element.get("description") or "",
        root=root.capitalize() if root else None,
        deployable_type=element.get("deployable-type")
        or (generated.get("type") if generated is not None else None),
        container_type=element.get("container-type"),
        generate_deployable=None
        if generated is None
        else GeneratedDeployable(
            generated.get("type") or "",
            generated.get("extends") or "udm.BaseDeployable",
            _flag(generated.get("copy-default-values")),
        ),
        properties=_properties(element, name),
        methods=_methods(element),
    )


def _properties(element: etree._Element, origin: str) -> tuple[PropertyDefinition, ...]:
    found = []
    for child in element:
        if _local(child) != "property":
            continue
        name = child.get("name")
        if not name:
            raise SyntheticError(f"{origin}: a <property> at line {child.sourceline} has no name")
        kind = child.get("kind")
        if kind is not None and kind.upper() not in Kind.__members__:
            raise SyntheticError(f"{origin}: property {name} has the unknown kind {kind!r}")
        values = tuple(
            (value.text or "").strip()
            for group in child
            if _local(group) == "enum-values"
            for value in group
            if _local(value) == "value"
        )
        rule = next((r for r in child if _local(r) == "rule" and r.get("type") == "regex"), None)
        found.append(
            PropertyDefinition(
                name=name,
                attributes={str(key): str(value) for key, value in child.attrib.items()},
                enum_values=values,
                pattern=None if rule is None else rule.get("pattern"),
                pattern_message=None if rule is None else rule.get("message"),
            )
        )
    return tuple(found)


def _methods(element: etree._Element) -> tuple[dict[str, str], ...]:
    return tuple(
        {str(key): str(value) for key, value in child.attrib.items()}
        for child in element
        if _local(child) == "method" and child.get("name")
    )


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _flag(text: str | None) -> bool:
    return text is not None and text.strip().lower() == "true"
