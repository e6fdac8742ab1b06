"""Everything that the app meets in its cloud, started together on this machine."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

from cdk_app.plugin_archive import build_plugin
from cdk_app.sandbox.cdk_cli import CdkCli
from cdk_app.sandbox.cloud import Cloud
from cdk_app.sandbox.deploy_server import DeployServer, ServerSettings, User
from cdk_app.sandbox.errors import SandboxError
from cdk_app.sandbox.network import SshNetwork
from cdk_app.sandbox.run_directory import RunDirectory

STACK = "DeployedAutoScalingGroup"
# Names of secrets, not their values.
DEPLOY_SECRET = "deploy/credentials"  # noqa: S105
CLOUD_SECRET = "deploy/cloud"  # noqa: S105
Delivery = Literal["handler", "endpoint"]
MAX_CAPACITY = 60
OUTSIDE_ADDRESS = "203.0.113.10"
ENVIRONMENT_FILE = "running.json"


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the Deploy stand-in."""

    username: str
    password: str = field(repr=False)

    @property
    def secret(self) -> Mapping[str, str]:
        """What a person stores in Secrets Manager; ``authorization`` is for the endpoint delivery."""
        login = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {"username": self.username, "password": self.password, "authorization": f"Basic {login}"}


class RunningSandbox:
    """Local cloud, Deploy stand-in and SSH network as one context manager.

    Parameters
    ----------
    project
        Directory with ``app.py``, ``cdk.json`` and ``node_modules``.
    directory
        Where the run keeps its files; emptied at the start, and refused while another run uses it.
    delay_seconds
        Delay of the queue that collects bursts.
    delivery
        How events get handled.

    Attributes
    ----------
    person, controller
        Accounts in Deploy: a person who releases, and the one that the app uses.
    """

    def __init__(
        self, project: Path, directory: Path, *, delay_seconds: int = 1, delivery: Delivery = "handler"
    ) -> None:
        self.project = project
        self.directory = directory
        self.delay_seconds = delay_seconds
        self.delivery = delivery
        self.person = Account("admin", secrets.token_urlsafe(18))
        self.controller = Account("asg-controller", secrets.token_urlsafe(18))
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        """Start everything and store the credentials of Deploy where the app looks for them.

        Raises
        ------
        RunDirectoryError
            When the directory cannot be used.
        CloudStartError
            When the local cloud does not start.
        """
        with ExitStack() as starting:
            starting.enter_context(RunDirectory(self.directory))
            self.cloud = starting.enter_context(Cloud(self.directory / "cloud"))
            self.network = starting.enter_context(
                SshNetwork(
                    self.cloud.client("ec2"), self.directory / "machines", outside_address=OUTSIDE_ADDRESS
                )
            )
            self.deploy = DeployServer(self._server_settings(port=0), network=self.network)
            self.deploy.start()
            starting.callback(lambda: self.deploy.stop())
            self.cloud.client("secretsmanager").create_secret(
                Name=DEPLOY_SECRET,
                SecretString=json.dumps(self.controller.secret),
            )
            variables = self.cloud.environment
            self.cloud.client("secretsmanager").create_secret(
                Name=CLOUD_SECRET,
                SecretString=json.dumps(
                    {
                        "accesskey": variables["AWS_ACCESS_KEY_ID"],
                        "accessSecret": variables["AWS_SECRET_ACCESS_KEY"],
                    }
                ),
            )
            self._resources = starting.pop_all()
        self._remember()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything that was started, last first."""
        (self.directory / ENVIRONMENT_FILE).unlink(missing_ok=True)
        self._resources.close()

    def restart_deploy(self) -> None:
        """Stop the Deploy stand-in, running tasks included, and start it again with what it has stored."""
        port = urlsplit(self.deploy.url).port
        self.deploy.stop()
        self.deploy = DeployServer(self._server_settings(port=port or 0), network=self.network)
        self.deploy.start()

    @property
    def context(self) -> Mapping[str, object]:
        """The context values that a person would put into ``cdk.json`` for this Deploy server."""
        return {
            "deployUrl": self.deploy.url,
            "allowPlainHttp": True,
            "deploySecretName": DEPLOY_SECRET,
            "cloudSecretName": CLOUD_SECRET,
            "bastionAllowedCidrs": [f"{OUTSIDE_ADDRESS}/32"],
            "delaySeconds": self.delay_seconds,
            "groupMaxCapacity": MAX_CAPACITY,
            "delivery": self.delivery,
        }

    @property
    def cdk(self) -> CdkCli:
        """The CDK CLI for this cloud and this Deploy server."""
        return CdkCli(self.project, self.cloud.environment, self.context)

    def _server_settings(self, *, port: int) -> ServerSettings:
        return ServerSettings(
            port=port,
            data_directory=self.directory / "deploy",
            admin_password=self.person.password,
            users=(User(self.controller.username, self.controller.password, admin=True),),
            plugins=(build_plugin(self.directory / "plugin"),),
            script_environment=self.cloud.environment,
        )

    def _remember(self) -> None:
        """Write what `cdk ARGS` of another terminal needs, readable for this user only."""
        text = json.dumps({"environment": dict(self.cloud.environment), "context": dict(self.context)})
        descriptor = os.open(self.directory / ENVIRONMENT_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)


def cdk_of_running_sandbox(project: Path, directory: Path) -> CdkCli:
    """Return the CDK CLI of the sandbox that another terminal keeps up.

    Raises
    ------
    SandboxError
        When no sandbox is up.
    """
    path = directory / ENVIRONMENT_FILE
    if not path.exists():
        msg = "no sandbox is up; start one with `python -m cdk_app.sandbox up` in another terminal"
        raise SandboxError(msg)
    stored = json.loads(path.read_text())
    return CdkCli(project, stored["environment"], stored["context"])
