from __future__ import annotations

from pathlib import Path

import pytest

from cdk_app.plugin_archive import build_plugin
from cdk_app.sandbox.deploy_server.extension.archive import Endpoint, EndpointError, parse_endpoints, unpack

FILE = '<endpoints xmlns="http://www.xebialabs.com/deployit/endpoints">{}</endpoints>'


def test_the_built_plugin_gives_its_endpoints_and_scripts(tmp_path: Path) -> None:
    found = unpack([build_plugin(tmp_path / "build")], tmp_path / "root")
    assert {(endpoint.method, endpoint.path) for endpoint in found} == {
        ("POST", "/aws/asg/event"),
        ("GET", "/aws/asg/status"),
    }
    assert all((tmp_path / "root" / endpoint.script).is_file() for endpoint in found)


def test_the_method_defaults_to_get() -> None:
    content = FILE.format('<endpoint path="a/b" script="s.py"/>').encode()
    assert parse_endpoints(content, "x") == (Endpoint("GET", "/a/b", "s.py"),)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("<endpoints>", "not XML"),
        (FILE.format('<endpoint path="/a"/>'), "needs path and script"),
        (FILE.format('<endpoint script="a.py"/>'), "needs path and script"),
        (FILE.format('<endpoint path="/a" script="a.py" method="PATCH"/>'), "unknown method PATCH"),
    ],
)
def test_what_a_server_would_refuse_is_refused_by_name(content: str, told: str) -> None:
    with pytest.raises(EndpointError, match=told):
        parse_endpoints(content.encode(), "plugin.jar/xl-rest-endpoints.xml")


def test_an_endpoint_without_its_script_is_refused(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    (plugin / "xl-rest-endpoints.xml").write_text(FILE.format('<endpoint path="/a" script="lost.py"/>'))
    with pytest.raises(EndpointError, match=r"no script lost\.py"):
        unpack([plugin], tmp_path / "root")
