"""Steps that carry out a delta, by type of the deployed.

Attested: ``Execute x``, ``Undo x``, the metadata ``rule`` of the form ``<type>.<rule>_<OPERATION>``, and
that a command is undone and done again on a forced update. Orders of artifacts are the vendor's
``DefaultOrders``; the other texts are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cdk_app.sandbox.deploy_server.deployment.deltas import Delta, Operation
from cdk_app.sandbox.deploy_server.execution.actions import Action, DeleteArtifact, RunCommand, UploadArtifact
from cdk_app.sandbox.deploy_server.repository.model import name_of
from cdk_app.sandbox.deploy_server.tasks.model import Step

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.deployment.model import Deployed
    from cdk_app.sandbox.deploy_server.repository.artifacts import Artifact
    from cdk_app.sandbox.deploy_server.repository.model import Secret

UNDEPLOY_ARTIFACTS = 30
DEPLOY_ARTIFACTS = 70


class Sources(Protocol):
    """What planning needs from the repository."""

    def artifact(self, deployable: str | None) -> Artifact | None:
        """Content of an artifact."""
        ...

    def command_line(self, command: str) -> str | None:
        """Command line of a ``cmd.Command``."""
        ...


def steps_for(delta: Delta, sources: Sources) -> list[Step]:
    """Return steps of one delta; a deployed of a type without steps is only registered."""
    if delta.operation is Operation.NOOP:
        return []
    steps = []
    leaves = delta.operation in (Operation.DESTROY, Operation.MODIFY)
    if delta.previous is not None and leaves:
        steps.extend(_leave(delta, delta.previous, sources))
    if delta.deployed is not None and delta.operation is not Operation.DESTROY:
        steps.extend(_arrive(delta, delta.deployed, sources))
    return steps


def _arrive(delta: Delta, deployed: Deployed, sources: Sources) -> list[Step]:
    host = name_of(deployed.container)
    if deployed.type == "cmd.DeployedCommand":
        action: Action = RunCommand(deployed.container, _text(deployed, "commandLine"))
        return [_step(delta, f"Execute {deployed.name}", _order(deployed, "order", 50), action, "execute")]
    if deployed.type in ("file.DeployedFile", "file.DeployedArchive", "file.DeployedFolder"):
        artifact = sources.artifact(deployed.deployable)
        if artifact is None:
            return []
        unpack = deployed.type != "file.DeployedFile"
        action = UploadArtifact(
            deployed.container,
            artifact.checksum,
            target_of(deployed, artifact),
            _placeholders(deployed),
            create_directory=deployed.values.get("createTargetPath") is True or unpack,
            unpack=unpack,
        )
        return [_step(delta, f"Copy {deployed.name} to {host}", DEPLOY_ARTIFACTS, action, "copy")]
    return []


def _leave(delta: Delta, deployed: Deployed, sources: Sources) -> list[Step]:
    host = name_of(deployed.container)
    if deployed.type == "cmd.DeployedCommand":
        command = _undo_command(deployed, sources)
        upgrade = delta.operation is Operation.MODIFY
        if not command or (upgrade and deployed.values.get("runUndoCommandOnUpgrade") is False):
            return []
        action: Action = RunCommand(deployed.container, command)
        return [_step(delta, f"Undo {deployed.name}", _order(deployed, "undoOrder", 49), action, "undo")]
    if deployed.type in ("file.DeployedFile", "file.DeployedArchive", "file.DeployedFolder"):
        artifact = sources.artifact(deployed.deployable)
        if artifact is None:
            return []
        whole = deployed.type == "file.DeployedFile" or deployed.values.get("targetPathShared") is False
        action = DeleteArtifact(
            deployed.container, target_of(deployed, artifact), () if whole else artifact.members
        )
        return [_step(delta, f"Delete {deployed.name} from {host}", UNDEPLOY_ARTIFACTS, action, "delete")]
    return []


def _undo_command(deployed: Deployed, sources: Sources) -> str | None:
    line = _text(deployed, "undoCommandLine")
    if line:
        return line
    reference = _text(deployed, "undoCommand")
    return sources.command_line(reference) if reference else None


def target_of(deployed: Deployed, artifact: Artifact) -> str:
    """Path on the host: the directory of an archive or folder, the file otherwise."""
    directory = _text(deployed, "targetPath")
    if deployed.type != "file.DeployedFile":
        return directory
    return f"{directory.rstrip('/')}/{_text(deployed, 'targetFileName') or artifact.file_name}"


def _step(delta: Delta, description: str, order: int, action: Action, rule: str) -> Step:
    subject = delta.subject
    return Step(description, order, action, (subject.id,), rule=f"{subject.type}.{rule}_{delta.operation}")


def _text(deployed: Deployed, name: str) -> str:
    value = deployed.values.get(name)
    return value if isinstance(value, str) else ""


def _order(deployed: Deployed, name: str, default: int) -> int:
    value = deployed.values.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _placeholders(deployed: Deployed) -> dict[str, str | Secret]:
    values = deployed.values.get("placeholders")
    return dict(values) if isinstance(values, dict) else {}
