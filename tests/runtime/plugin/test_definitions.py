from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from cdk_app.plugin_archive import build_plugin
from cdk_app.sandbox.deploy_server.types import Kind, load_types
from cdk_app.source import plugin_source

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.types import PropertyDescriptor, TypeRegistry

HERE = Path(__file__).parent
TEMPLATE = "aws.asg.ec2SshHostTemplate"


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> TypeRegistry:
    return load_types([build_plugin(tmp_path_factory.mktemp("plugin"))])


@pytest.mark.parametrize(
    ("schema", "file"),
    [("synthetic.xsd", "synthetic.xml"), ("endpoints.xsd", "xl-rest-endpoints.xml")],
)
def test_definitions_have_the_documented_shape(schema: str, file: str) -> None:
    etree.XMLSchema(etree.parse(HERE / schema)).assertValid(etree.parse(plugin_source() / file))


def test_the_archive_loads_through_the_servers_own_loader(types: TypeRegistry) -> None:
    assert types.get("deploy.server").root == types.get(TEMPLATE).root == "Configuration"
    assert types.get("overthere.SshHost").properties["privateKey"].password
    assert types.get("overthere.SshJumpstation").properties["privateKey"].password


def test_every_secret_is_a_password(types: TypeRegistry) -> None:
    secrets = {name for name, prop in types.get(TEMPLATE).properties.items() if prop.password}
    assert secrets == {"password", "privateKey", "passphrase", "suPassword"}
    assert types.get("deploy.server").properties["password"].password
    assert types.get("deploy.server").properties["token"].password


def test_a_template_has_every_visible_property_of_a_host(types: TypeRegistry) -> None:
    host = {name for name, prop in types.get("overthere.SshHost").properties.items() if not prop.hidden}
    assert host <= set(types.get(TEMPLATE).properties)


def test_a_template_is_no_place_to_deploy_to(types: TypeRegistry) -> None:
    assert not types.get(TEMPLATE).is_a("udm.Container")


def test_installing_over_the_first_version_changes_no_item(types: TypeRegistry) -> None:
    """Old properties are as they were; new ones are optional and have no default that an item would get."""
    first = load_types([HERE / "synthetic-first.xml"])
    for name in ("deploy.server", TEMPLATE, "overthere.SshHost", "overthere.SshJumpstation"):
        before, now = first.get(name).properties, types.get(name).properties
        assert {key: stored_form(prop) for key, prop in before.items()} == {
            key: stored_form(now[key]) for key in before
        }
        for key in set(now) - set(before):
            assert not now[key].required, key
            assert now[key].default is None, key


def stored_form(prop: PropertyDescriptor) -> tuple[Kind, bool, bool, str | None, str | None]:
    return prop.kind, prop.required, prop.password, prop.default, prop.referenced_type
