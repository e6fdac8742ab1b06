"""The stand-in under XML bodies of all shapes; only a body that is no XML may give 500 (attested)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from cdk_app.sandbox.deploy_server import DeployServer

CALLS = [
    ("POST", "repository/ci/Environments/x"),
    ("PUT", "repository/ci/Infrastructure"),
    ("POST", "repository/cis"),
    ("PUT", "repository/cis"),
    ("POST", "repository/cis/read"),
    ("POST", "repository/validate"),
    ("POST", "repository/candidate-values?propertyName=members"),
    ("POST", "deployment/prepare/deployeds"),
    ("POST", "deployment/validate"),
    ("POST", "deployment"),
    ("POST", "security/user/somebody"),
]
TAGS = [
    "udm.Environment",
    "udm.Dictionary",
    "overthere.SshHost",
    "udm.DeployedApplication",
    "core.Directory",
    "unknown.Type",
    "list",
    "deployment",
    "application",
    "deployeds",
    "members",
    "entries",
    "entry",
    "tags",
    "value",
    "ci",
    "string",
    "port",
    "os",
    "password",
    "user",
    "username",
    "validation-messages",
]
TEXTS = [
    "",
    "UNIX",
    "22",
    "no number",
    "Infrastructure/host",
    "Environments/x",
    "INITIAL",
    "{{placeholder}}",
    "é",
]
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["id", "ref", "type", "token", "key"]), st.sampled_from(TEXTS), max_size=3
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> etree._Element:
    """An element out of the words of the format, in any order."""
    element = etree.Element(draw(st.sampled_from(TAGS)), draw(ATTRIBUTES))
    element.text = draw(st.sampled_from(TEXTS))
    if depth:
        element.extend(draw(st.lists(elements(depth=depth - 1), max_size=3)))
    return element


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with DeployServer() as server:
        yield server.url


def send(url: str, call: tuple[str, str], body: bytes) -> requests.Response:
    method, path = call
    headers = {"Content-Type": "application/xml", "Accept": "application/xml"}
    return requests.request(
        method, f"{url}/{path}", data=body, headers=headers, auth=("admin", "admin"), timeout=10
    )


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(call=st.sampled_from(CALLS), body=elements())
def test_no_element_makes_the_server_fail(url: str, call: tuple[str, str], body: etree._Element) -> None:
    answer = send(url, call, etree.tostring(body))
    assert answer.status_code < 500, answer.text
    if answer.status_code == 200 and answer.content:
        etree.fromstring(answer.content)


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(call=st.sampled_from(CALLS), body=st.binary(min_size=1, max_size=40))
def test_what_is_no_xml_is_said_to_be_unreadable(url: str, call: tuple[str, str], body: bytes) -> None:
    answer = send(url, call, body)
    assert answer.status_code == 500
    assert answer.text.startswith("Cannot parse XML")
