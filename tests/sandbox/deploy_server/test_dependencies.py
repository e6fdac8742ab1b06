"""Applications that need others, and the versions that they accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_app.sandbox.deploy_server.deployment.versions import accepts
from tests.sandbox.deploy_server.deployments import ENVIRONMENT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.deploy_server.api import Api


def test_dependencies_are_deployed_along_in_order(api: Api, tmp_path: Path) -> None:
    log = tmp_path / "log"
    api.deployable_environment(run=f"echo app >> {log}")
    for name, versions in (("base", ("1.9", "1.10", "2.0")), ("middle", ("1.0",))):
        api.create(f"Applications/{name}", type="udm.Application")
        for version in versions:
            needs = {"base": "[1.0,2.0)"} if name == "middle" else {}
            package = f"Applications/{name}/{version}"
            api.create(package, type="udm.DeploymentPackage", applicationDependencies=needs)
            line = f"echo {name} {version} >> {log}"
            api.create(f"{package}/run-{name}", type="cmd.Command", commandLine=line)
    item = api.read("Applications/app/1")
    orchestrators = ["sequential-by-dependency"]
    api.update({**item, "applicationDependencies": {"middle": "1.0"}, "orchestrator": orchestrators})

    prepared = api.prepare("Applications/app/1", ENVIRONMENT)
    required = [found["application"]["version"] for found in prepared["requiredDeployments"]]
    assert required == ["Applications/base/1.10", "Applications/middle/1.0"]
    task = api.task(prepared)
    api.start(task)
    assert api.finish(task) == "EXECUTED"
    assert log.read_text() == "base 1.10\nmiddle 1.0\napp\n"
    assert len(api.steps(task, "0_2_1")) == 3

    undeploy = {"deployedApplication": f"{ENVIRONMENT}/base"}
    refused = api.call("GET", "/deployment/prepare/undeploy", expect=400, query=undeploy)
    assert refused.text == (
        "Application &#34;base&#34; cannot be undeployed, because the deployed application &#34;middle&#34; "
        "depends on its current version. It requires a version compatible with &#39;[1.0,2.0)&#39;."
    )
    update = {"version": "Applications/base/2.0", "deployedApplication": f"{ENVIRONMENT}/base"}
    refused = api.call("GET", "/deployment/prepare/update", expect=400, query=update)
    assert refused.text.startswith('Application "Applications/base" cannot be upgraded')
    api.call("GET", "/deployment/prepare/update", query={**update, "version": "Applications/base/1.9"})
    assert api.prepare("Applications/app/1", ENVIRONMENT)["requiredDeployments"] == []


@pytest.mark.parametrize(
    ("requirement", "version", "fits"),
    [
        ("1.0", "1.0", True),
        ("1.0", "1", True),
        ("1.0", "1.1", False),
        ("[1.0,2.0)", "1.10", True),
        ("[1.0,2.0)", "2.0", False),
        ("(1.0,2.0]", "1.0", False),
        ("(1.0,2.0]", "2.0", True),
        ("[1.0,]", "9", True),
        ("(,2.0)", "0.1", True),
        ("[1.0,2.0)", "1.0-SNAPSHOT", True),
    ],
)
def test_ranges_of_versions(requirement: str, version: str, fits: bool) -> None:
    assert accepts(requirement, version) is fits
