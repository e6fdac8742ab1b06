"""The vendor's own Java client (``remote-booter`` 2014.7.3, the one inside the Jenkins plugin) as a judge.

Its four jars are not on Maven Central; they lie in the public history of the Jenkins plugin's repository
(``jenkinsci/xldeploy-plugin``, directory ``repo/`` at commit 9b0427c). Put them into
``.cache/deploy-java-client`` to run these tests; everything else comes from Maven Central into ``.cache/m2``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cdk_app.sandbox.deploy_server import DeployServer
from tests.java import maven

HERE = Path(__file__).parent
JARS = [
    maven.CACHE / "deploy-java-client" / f"{name}-2014.7.3.jar"
    for name in ("engine-api", "engine-xml", "remote-booter", "udm-plugin-api")
]
# XStream 1.4.7 reaches into these; Java keeps them closed since 16.
OPENED = [
    f"--add-opens=java.base/{package}=ALL-UNNAMED"
    for package in ("java.lang", "java.lang.reflect", "java.util", "java.text")
] + ["--add-opens=java.desktop/java.awt.font=ALL-UNNAMED"]
CASES = (
    "wrong_password_is_told_apart",
    "server_info_is_read",
    "descriptors_are_read",
    "every_descriptor_is_found_by_name",
    "users_roles_and_permissions",
    "orchestrators_and_permissions_are_listed",
    "an_item_is_created_read_changed_and_deleted",
    "kinds_survive_the_round_trip",
    "a_list_is_created_and_read",
    "query_and_candidates_give_references",
    "rename_copy_and_move",
    "a_missing_item_is_a_deploy_exception",
    "a_second_create_is_a_deploy_exception",
    "a_stale_token_is_a_deploy_exception",
    "a_refused_item_comes_back_with_its_messages",
    "validate_gives_messages_and_stores_nothing",
    "a_package_is_uploaded",
    "deploy_update_and_undeploy",
    "selected_deployables_are_mapped",
    "a_deployed_with_an_error_comes_back_with_its_messages",
    "a_failed_update_is_rolled_back",
    "blocks_lead_to_steps_and_their_metadata",
    "a_step_is_skipped_and_unskipped",
    "task_by_steps_as_the_jenkins_plugin_reads_it",
    "skip_mode_of_the_jenkins_plugin",
    "a_failed_step_has_its_log",
    "a_cancelled_task_leaves_nothing",
    "a_control_task_checks_a_connection",
)


def compiled(class_path: str) -> Path:
    """Directory of the compiled driver; compiled anew when a source changed."""
    sources = sorted((HERE / "src").glob("*.java"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    classes = maven.CACHE / "deploy-java-client" / f"classes-{digest}"
    if not classes.exists():
        command = ["javac", "-nowarn", "-proc:none", "-cp", class_path, "-d", str(classes)]
        compilation = maven.run([*command, *map(str, sources)])
        assert compilation.returncode == 0, compilation.stderr
    return classes


@pytest.fixture(scope="module")
def outcomes() -> Mapping[str, str]:
    """What the driver says per case; one JVM runs them all."""
    maven.require("java", "javac", "mvn")
    if absent := [jar.name for jar in JARS if not jar.exists()]:
        pytest.skip(f"no {', '.join(absent)} in .cache/deploy-java-client; see the docstring of this file")
    class_path = os.pathsep.join([*map(str, JARS), maven.class_path(HERE / "pom.xml")])
    with DeployServer() as server:
        address = urlsplit(server.url)
        driver = [
            "java",
            "-XX:TieredStopAtLevel=1",
            *OPENED,
            "-cp",
            os.pathsep.join([str(compiled(class_path)), class_path]),
            "DriveDeploy",
            str(address.hostname),
            str(address.port),
            "admin",
            "admin",
        ]
        run = maven.run(driver)
    assert run.returncode == 0, run.stderr
    return dict(line.split("\t", 1) for line in run.stdout.splitlines() if "\t" in line)


def test_every_case_reports(outcomes: Mapping[str, str]) -> None:
    assert tuple(outcomes) == CASES


@pytest.mark.parametrize("case", CASES)
def test_the_java_client_agrees(outcomes: Mapping[str, str], case: str) -> None:
    assert outcomes.get(case) == "ok"
