"""The engine of this process, wired to MiniStack's records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.auto_scaling import bus, records
from cdk_app.sandbox.cloud.auto_scaling.groups import Groups
from cdk_app.sandbox.cloud.auto_scaling.machines import Ec2Machines
from cdk_app.sandbox.cloud.auto_scaling.operations import Operations
from cdk_app.sandbox.cloud.background import Background

if TYPE_CHECKING:
    from collections.abc import Callable

_deadlines = Background("auto-scaling")


def after(seconds: float, work: Callable[[], None]) -> None:
    """Run work later, for the account and region of the present request."""
    _deadlines.after(seconds, work)


groups = Groups(Ec2Machines(), records.view, bus.publish, after)
operations = Operations(groups, records.group_names, records.resize)
