"""The calls of ``xebialabs-community/puppet-xldeploy`` (lib/puppet_x, spec/unit): XML without declaration.

Ruby sends ``Accept: */*``. The module reads the kinds of properties from the descriptor, writes back all it
read, and walks up the parents of an id to create the missing ones. Its discovery is not replayed: the
stand-in has no inspection.
"""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from lxml import etree

from tests.sandbox.deploy_server.contract.caller import Caller, texts, xml


@pytest.fixture(scope="module")
def puppet(base: str) -> Caller:
    return Caller(base, {"Content-Type": "application/xml", "Accept": "*/*"})


def kinds(puppet: Caller, ci_type: str) -> dict[str, str]:
    """Kind of each property, from the descriptor, by the module's XPath."""
    descriptor = xml(puppet.get(f"metadata/type/{ci_type}"))
    found = descriptor.iterfind("property-descriptors/property-descriptor")
    return {element.get("name", ""): element.get("kind", "") for element in found}


def test_existence_is_a_boolean_element(puppet: Caller) -> None:
    assert puppet.get("repository/exists/Infrastructure").text.strip() == "<boolean>true</boolean>"
    assert puppet.get("repository/exists/Infrastructure/TestHost").text.strip() == "<boolean>false</boolean>"


def test_a_directory_is_created_read_and_destroyed(puppet: Caller) -> None:
    path, body = (
        "repository/ci/Infrastructure/TestDirectory",
        "<core.Directory id='Infrastructure/TestDirectory'/>",
    )
    created = xml(puppet.post(path, body))
    assert (created.tag, created.get("id")) == ("core.Directory", "Infrastructure/TestDirectory")
    assert xml(puppet.get(path)).get("token")
    puppet.put(path, body)  # the module sends no token
    puppet.delete(path, expect=204)


def test_the_descriptor_of_a_directory(puppet: Caller) -> None:
    descriptor = xml(puppet.get("metadata/type/core.Directory"))
    assert descriptor.get("type") == "core.Directory"
    assert descriptor.get("virtual") == "false"
    assert descriptor.find("description") is not None
    assert "udm.ConfigurationItem" in [element.text for element in descriptor.findall("interfaces/interface")]
    assert "udm.BaseConfigurationItem" in [
        element.text for element in descriptor.findall("superTypes/superType")
    ]


def test_a_host_is_amended_with_everything_it_had(puppet: Caller) -> None:
    path = "repository/ci/Infrastructure/TestHost"
    properties = {"os": "UNIX", "connectionType": "SUDO", "address": "198.51.100.3", "username": "xldeploy"}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in properties.items())
    puppet.post(
        path,
        f"<overthere.SshHost id='Infrastructure/TestHost'>{inner}<tags><value>web</value></tags>"
        "<passphrase>very secret</passphrase></overthere.SshHost>",
    )
    before = xml(puppet.get(path))
    known = kinds(puppet, "overthere.SshHost")
    assert {child.tag for child in before} <= known.keys()
    assert before.findtext("passphrase", "").startswith("{b64}")

    amended = etree.Element("overthere.SshHost", id="Infrastructure/TestHost")
    amended.extend(list(xml(puppet.get(path))))
    username = amended.find("username")
    assert username is not None
    username.text = "deployer"
    puppet.put(path, etree.tostring(amended))
    after = xml(puppet.get(path))
    assert after.findtext("username") == "deployer"
    assert after.findtext("passphrase") == before.findtext("passphrase")
    assert [element.text for element in after.findall("tags/value")] == ["web"]


def test_members_join_and_leave_an_environment(puppet: Caller) -> None:
    for name in ("one", "two"):
        puppet.post(
            f"repository/ci/Infrastructure/{name}",
            f"<overthere.LocalHost id='Infrastructure/{name}'><os>UNIX</os></overthere.LocalHost>",
        )
    path = "repository/ci/Environments/Puppet"

    def body(*members: str) -> str:
        references = "".join(f"<ci ref='Infrastructure/{name}'/>" for name in members)
        return (
            f"<udm.Environment id='Environments/Puppet'><members>{references}</members><dictionaries/>"
            "<triggers/></udm.Environment>"
        )

    puppet.post(path, body("one"))
    puppet.put(path, body("one", "two"))
    assert sorted(texts(xml(puppet.get(path)), "members/ci/@ref")) == [
        "Infrastructure/one",
        "Infrastructure/two",
    ]
    puppet.put(path, body("two"))
    assert texts(xml(puppet.get(path)), "members/ci/@ref") == ["Infrastructure/two"]


def test_a_dictionary_encrypts_a_text_for_the_module(puppet: Caller) -> None:
    path = "repository/ci/Environments/puppet_tmp_dict"
    puppet.post(
        path,
        "<udm.EncryptedDictionary id='Environments/puppet_tmp_dict'>"
        "<entries><entry key='secret'>secret</entry></entries></udm.EncryptedDictionary>",
    )
    (entry,) = texts(xml(puppet.get(path)), "entries/entry[@key='secret']/text()")
    puppet.delete(path, expect=204)
    assert re.fullmatch(r"\{b64\}[A-Za-z0-9+/=]+", entry[2:-1]), "the module cuts off e{ and }"


def test_roles_users_and_permissions(puppet: Caller) -> None:
    puppet.post(
        "security/user/pup",
        "<user admin='false'><username>pup</username><password>Pa55word!</password></user>",
    )
    assert "<username>pup</username>" in puppet.get("security/user/pup").text
    puppet.put("security/role/deployers", expect=204)
    assert "deployers" in texts(xml(puppet.get("security/role")), "/list/string/text()")
    puppet.put("security/role/deployers/pup", expect=204)
    assert texts(xml(puppet.get("security/role/roles/pup")), "/list/string/text()") == ["deployers"]
    grant = f"security/permission/{quote('deploy#initial')}/deployers/Environments"
    assert "false" in puppet.get(grant).text
    puppet.put(grant, expect=204)
    assert "true" in puppet.get(grant).text
    puppet.put("security/permission/login/deployers/global", expect=204)
    assert "true" in puppet.get("security/permission/login/deployers/global").text
    puppet.delete("security/role/deployers", expect=204)
    puppet.delete("security/user/pup", expect=204)
