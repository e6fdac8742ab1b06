"""Type definitions in the server's own format."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from cdk_app.sandbox.deploy_server.types import Kind, UnknownTypeError, load_types
from cdk_app.sandbox.deploy_server.types.synthetic import SyntheticError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '<synthetic xmlns="http://www.xebialabs.com/deployit/synthetic">'


def synthetic(directory: Path, content: str) -> Path:
    file = directory / "synthetic.xml"
    file.write_text(f"{HEAD}{content}</synthetic>")
    return file


def test_a_type_inherits_and_may_change_what_it_inherits(tmp_path: Path) -> None:
    types = load_types(
        [
            synthetic(
                tmp_path,
                """<type type="my.SshHost" extends="overthere.SshHost">
                     <property name="username" hidden="true" default="deploy"/>
                     <property name="zone" kind="enum" required="false">
                       <enum-values><value>A</value><value>B</value></enum-values>
                     </property>
                   </type>""",
            )
        ]
    )
    host = types.get("my.SshHost")
    assert host.super_types[:2] == ("overthere.SshHost", "overthere.Host")
    assert host.root == "Infrastructure"
    assert host.is_a("udm.Container")
    username = host.properties["username"]
    assert (username.hidden, username.default, username.declared_by) == (True, "deploy", "my.SshHost")
    assert host.properties["zone"].enum_values == ("A", "B")
    assert host.properties["address"].required
    assert host.properties["port"].kind is Kind.INTEGER


def test_a_modification_adds_to_a_type_and_to_those_that_extend_it(tmp_path: Path) -> None:
    modification = """<type-modification type="overthere.Host"><property name="rack" required="false"/>
                      </type-modification>"""
    types = load_types([synthetic(tmp_path, modification)])
    assert "rack" in types.get("overthere.SshHost").properties
    assert "rack" not in load_types().get("overthere.SshHost").properties


def test_the_most_specific_deployed_type_is_chosen(tmp_path: Path) -> None:
    content = """<type type="my.Command" extends="cmd.Command"/>
                 <type type="my.DeployedCommand" extends="cmd.DeployedCommand" deployable-type="my.Command"
                       container-type="overthere.SshHost"/>"""
    types = load_types([synthetic(tmp_path, content)])
    chosen = {
        (deployable, container): found.type if (found := types.deployed_type(deployable, container)) else None
        for deployable in ("cmd.Command", "my.Command")
        for container in ("overthere.SshHost", "overthere.LocalHost", "aws.Cloud")
    }
    assert chosen == {
        ("cmd.Command", "overthere.SshHost"): "cmd.DeployedCommand",
        ("cmd.Command", "overthere.LocalHost"): "cmd.DeployedCommand",
        ("cmd.Command", "aws.Cloud"): None,
        ("my.Command", "overthere.SshHost"): "my.DeployedCommand",
        ("my.Command", "overthere.LocalHost"): "cmd.DeployedCommand",
        ("my.Command", "aws.Cloud"): None,
    }


@pytest.mark.parametrize("copies", [True, False])
def test_a_generated_deployable_takes_placeholders_everywhere(tmp_path: Path, copies: bool) -> None:
    content = f"""<type type="my.DeployedThing" extends="udm.BaseDeployed" container-type="overthere.Host">
      <generate-deployable type="my.Thing" extends="udm.BaseDeployable"
                           copy-default-values="{str(copies).lower()}"/>
      <property name="count" kind="integer" default="3"/>
      <property name="secret" password="true"/>
      <property name="inner" hidden="true" default="x"/>
      <property name="map" kind="map_string_string"/>
    </type>"""
    thing = load_types([synthetic(tmp_path, content)]).get("my.Thing")
    own = {name: prop for name, prop in thing.properties.items() if prop.declared_by == "my.Thing"}
    assert {name: prop.kind for name, prop in own.items()} == {
        "count": Kind.STRING,
        "secret": Kind.STRING,
        "map": Kind.MAP_STRING_STRING,
    }
    assert own["count"].default == ("3" if copies else None)
    assert own["secret"].password
    assert not any(prop.required for prop in own.values())


def test_plugins_come_as_files_directories_and_nested_archives(tmp_path: Path) -> None:
    content = f'{HEAD}<type type="my.Setting" extends="udm.Configuration"/></synthetic>'
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("synthetic.xml", content)
    plugin = tmp_path / "plugin.xldp"
    with zipfile.ZipFile(plugin, "w") as archive:
        archive.writestr("plugin-version.properties", "plugin=my\n")
        archive.writestr("lib/plugin.jar", jar.getvalue())
    (tmp_path / "synthetic.xml").write_text(content)
    for source in (plugin, tmp_path, tmp_path / "synthetic.xml"):
        assert load_types([source]).get("my.Setting").root == "Configuration"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<type extends='udm.Configuration'/>", "has no type"),
        ("<type type='udm.Environment' extends='udm.Configuration'/>", "defined twice"),
        ("<type type='a.B' extends='no.Such'/>", "extends the unknown type no.Such"),
        ("<type type='a.B' extends='a.C'/><type type='a.C' extends='a.B'/>", "extends itself"),
        ("<type-modification type='no.Such'/>", "Cannot modify the unknown type no.Such"),
        ("<type type='a.B' extends='udm.Configuration'><property/></type>", "has no name"),
        (
            "<type type='a.B' extends='udm.Configuration'><property name='x' kind='tree'/></type>",
            "kind 'tree'",
        ),
        ("<rule type='x'/>", "unknown element <rule>"),
        ("<type", "not XML"),
    ],
)
def test_wrong_definitions_are_told_at_the_start(tmp_path: Path, content: str, text: str) -> None:
    with pytest.raises(SyntheticError, match=text.replace("(", r"\(")):
        load_types([synthetic(tmp_path, content)])


def test_a_plugin_may_have_no_types_and_what_is_no_plugin_is_told(tmp_path: Path) -> None:
    with pytest.raises(SyntheticError, match="holds none of"):
        load_types([tmp_path])
    (tmp_path / "xl-rest-endpoints.xml").write_text("<endpoints/>")
    assert "udm.Environment" in load_types([tmp_path])
    with pytest.raises(UnknownTypeError, match=r"no\.Such"):
        load_types().get("no.Such")
