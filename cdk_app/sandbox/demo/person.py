"""A person who releases applications with the vendor's own SDK, `xldeploy-py`."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

import xldeploy
from xldeploy.domain.ConfigurationItem import ConfigurationItem

if TYPE_CHECKING:
    from xldeploy.domain.Task import Task

_FINISHED = {"EXECUTED", "DONE", "FAILED", "STOPPED", "ABORTED", "CANCELLED"}


class ReleaseError(RuntimeError):
    """A deployment that the person started did not succeed."""


@dataclass(frozen=True, slots=True)
class Application:
    """A package with one file and one command.

    Parameters
    ----------
    name, version
        Of the application.
    content
        Text of the file.
    """

    name: str
    version: str
    content: str

    @property
    def path(self) -> str:
        """Where the file goes on each instance."""
        return f"/opt/{self.name}/release.txt"

    @property
    def journal(self) -> str:
        """The file that the command appends a line to, relative to the login directory."""
        return f"{self.name}.journal"

    def archive(self) -> bytes:
        """Return the deployment archive (DAR): a zip with a manifest and the file."""
        manifest = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<udm.DeploymentPackage version={quoteattr(self.version)} application={quoteattr(self.name)}>\n"
            "  <deployables>\n"
            f'    <file.File name="{self.name}-release" file="{self.name}-release/release.txt">\n'
            f"      <targetPath>/opt/{self.name}</targetPath>\n"
            "      <createTargetPath>true</createTargetPath>\n"
            "    </file.File>\n"
            f'    <cmd.Command name="{self.name}-announce">\n'
            f"      <commandLine>{escape(f'echo {self.version} >> {self.journal}')}</commandLine>\n"
            "    </cmd.Command>\n"
            "  </deployables>\n"
            "</udm.DeploymentPackage>\n"
        )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("deployit-manifest.xml", manifest)
            archive.writestr(f"{self.name}-release/release.txt", self.content)
        return packed.getvalue()


class Person:
    """What a person does in Deploy: directories, hosts, packages, deployments.

    Parameters
    ----------
    url
        Deploy's REST root, ending in ``/deployit``.
    username, password
        The person's account.
    """

    def __init__(self, url: str, username: str, password: str) -> None:
        parts = urlsplit(url)
        config = xldeploy.Config(
            protocol=parts.scheme,
            host=parts.hostname,
            port=parts.port,
            context_path=parts.path.strip("/"),
            username=username,
            password=password,
        )
        self.client = xldeploy.Client(config)

    def create(self, ci_id: str, ci_type: str, properties: Mapping[str, object] | None = None) -> None:
        """Create one CI."""
        self.client.repository.create_ci(ConfigurationItem(ci_id, ci_type, dict(properties or {})))

    def add_member(self, environment: str, host: str) -> None:
        """Put a host into an environment, as the UI does: read, change, write back."""
        ci = self.client.repository.read(environment)
        ci.members = [*ci.members, host]
        self.client.repository.update_ci(ci)

    def upload(self, application: Application) -> None:
        """Upload the application's package."""
        name = f"{application.name}-{application.version}.dar"
        self.client.http_client.multipart_post(
            f"/package/upload/{name}", {"fileData": (name, application.archive(), "application/octet-stream")}
        )

    def start(self, application: Application, environment: str) -> Task:
        """Start the initial deployment or the update of an application and return its task."""
        deployment = self.client.deployment
        version = f"Applications/{application.name}/{application.version}"
        if deployment.is_deployed(f"Applications/{application.name}", environment):
            prepared = deployment.prepare_update(version, f"{environment}/{application.name}")
        else:
            prepared = deployment.prepare_initial(version, environment)
        task = deployment.create_task(deployment.validate(deployment.prepare_auto_deployeds(prepared)))
        task.start()
        return task

    def finish(self, task: Task) -> None:
        """Wait for a task and archive it.

        Raises
        ------
        ReleaseError
            When it ends in any other state than EXECUTED.
        """
        pause = threading.Event()
        while (state := task.get_task()["state"]) not in _FINISHED:
            pause.wait(0.1)
        if state not in {"EXECUTED", "DONE"}:
            msg = f"task {task.task_id} ended as {state}, expected EXECUTED"
            raise ReleaseError(msg)
        task.archive(task.task_id)

    def deploy(self, application: Application, environment: str) -> None:
        """Upload an application, deploy it and wait for the end."""
        self.upload(application)
        self.finish(self.start(application, environment))
