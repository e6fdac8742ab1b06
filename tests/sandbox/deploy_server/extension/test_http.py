from __future__ import annotations

from pathlib import Path

import pytest
import requests

from cdk_app.plugin_archive import build_plugin
from cdk_app.sandbox.deploy_server import Behaviour, DeployServer, ServerSettings
from cdk_app.sandbox.deploy_server.extension import EndpointError


@pytest.mark.parametrize("context", ["/", "/xl"])
def test_endpoints_are_beside_the_rest_interface_not_below_it(tmp_path: Path, context: str) -> None:
    settings = ServerSettings(plugins=(build_plugin(tmp_path),), behaviour=Behaviour(context_root=context))
    with DeployServer(settings) as server:
        root = server.url.removesuffix("/deployit")
        status = "aws/asg/status"

        def get(url: str, password: str = "admin") -> int:
            return requests.get(url, auth=("admin", password), timeout=10).status_code

        assert get(f"{root}/api/extension/{status}", "wrong") == 401
        assert get(f"{server.url}/api/extension/{status}") == 404
        assert get(f"{root}/api/extension/no/such/path") == 404
        # The endpoint takes events by POST alone.
        assert get(f"{root}/api/extension/aws/asg/event") == 404
        broken = requests.post(
            f"{root}/api/extension/aws/asg/event", data="{", auth=("admin", "admin"), timeout=10
        )
        assert broken.status_code == 400


def test_a_plugin_with_wrong_endpoints_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "synthetic.xml").write_text(
        '<synthetic xmlns="http://www.xebialabs.com/deployit/synthetic"/>'
    )
    (tmp_path / "xl-rest-endpoints.xml").write_text('<endpoints><endpoint path="/x"/></endpoints>')
    with pytest.raises(EndpointError, match="needs path and script"):
        DeployServer(ServerSettings(plugins=(tmp_path,)))
