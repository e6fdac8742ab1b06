"""Changes which hosts are members of the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.deploy.items import references
from runtime.reconciliation.errors import Retry

if TYPE_CHECKING:
    from runtime.deploy.items import CI
    from runtime.reconciliation.actions import Membership
    from runtime.reconciliation.config import GroupConfig
    from runtime.reconciliation.ports import DeployPort, Reporter


def change_members(
    config: GroupConfig, deploy: DeployPort, report: Reporter, change: Membership, seen: CI | None
) -> None:
    """Let hosts of ours join and leave the environment; people's members stay, in their order.

    `seen` is the environment as the plan is based on it: if it has changed since, Deploy refuses the write
    by its token, and the change is made to what is there then.

    Raises
    ------
    Retry
        The environment is gone.
    """

    def changed(environment: CI) -> CI | None:
        before = references(environment.get("members"))
        after = [member for member in before if member not in change.parting]
        after += sorted(change.joining.difference(before))
        return {**environment, "members": after} if after != list(before) else None

    if deploy.repository.update(config.environment, changed, known=seen) is None:
        raise Retry(f"the environment {config.environment} is gone")
    report.line(
        "members changed", joining=len(change.joining), parting=len(change.parting), reason=change.reason
    )
