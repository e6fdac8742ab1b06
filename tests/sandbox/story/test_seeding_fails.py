"""A Deploy server that cannot be used fails the deployment, with a reason, and leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cdk_app.sandbox.cdk_cli import CdkError
from cdk_app.sandbox.demo.person import Person
from cdk_app.sandbox.demo.views import DeployView
from cdk_app.sandbox.deploy_server.testing import RequestFault
from cdk_app.sandbox.running import DEPLOY_SECRET, STACK, RunningSandbox

pytestmark = pytest.mark.integration
_WRONG = "not-the-password"


@contextmanager
def unreachable(sandbox: RunningSandbox) -> Iterator[None]:
    sandbox.deploy.faults.add(RequestFault(kind="drop", path="/deployit/", times=0))
    yield
    sandbox.deploy.faults.clear()


@contextmanager
def unlicensed(sandbox: RunningSandbox) -> Iterator[None]:
    sandbox.deploy.faults.add(RequestFault(status=402, text="License not found", path="/deployit/", times=0))
    yield
    sandbox.deploy.faults.clear()


@contextmanager
def wrong_password(sandbox: RunningSandbox) -> Iterator[None]:
    secrets = sandbox.cloud.client("secretsmanager")
    right = secrets.get_secret_value(SecretId=DEPLOY_SECRET)["SecretString"]
    wrong = json.dumps({**json.loads(right), "password": _WRONG})
    secrets.put_secret_value(SecretId=DEPLOY_SECRET, SecretString=wrong)
    yield
    secrets.put_secret_value(SecretId=DEPLOY_SECRET, SecretString=right)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        pytest.param(unreachable, "Deploy cannot be reached", id="unreachable"),
        pytest.param(wrong_password, "Deploy refuses the credentials (401)", id="wrong password"),
        pytest.param(
            unlicensed,
            "Deploy has no valid licence (402: License not found): install or renew",
            id="no licence",
        ),
    ],
)
def test_the_deployment_fails_with_a_reason_and_rolls_back(
    sandbox: RunningSandbox,
    assembly: Path,
    trouble: Callable[[RunningSandbox], Iterator[None]],
    reason: str,
) -> None:
    view = DeployView(Person(sandbox.deploy.url, sandbox.person.username, sandbox.person.password))
    before = view.everything()
    formation = sandbox.cloud.client("cloudformation")
    with trouble(sandbox), pytest.raises(CdkError) as failed:  # type: ignore[attr-defined]
        sandbox.cdk.run(
            "deploy", STACK, "--app", str(assembly), "--require-approval", "never", "--method", "direct"
        )

    assert formation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    told = str(failed.value)
    assert f"Error: {reason}" in " ".join(told.split())
    assert sandbox.controller.password not in told
    assert _WRONG not in told
    assert view.everything() == before

    sandbox.cdk.run("destroy", STACK, "--app", str(assembly), "--force")
    with pytest.raises(formation.exceptions.ClientError, match="does not exist"):
        formation.describe_stacks(StackName=STACK)
