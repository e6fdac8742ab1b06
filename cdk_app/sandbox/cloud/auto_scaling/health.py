"""EC2 health checks: an instance that is terminated or stopped behind its group's back is replaced.

AWS finds out within minutes; here it takes a second, long enough for a reader to meet an ``InService``
instance whose machine is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.cloud.auto_scaling import records
from cdk_app.sandbox.cloud.auto_scaling.service import after, groups
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Callable

ec2 = names("services.ec2", stores=("_ACTION_MAP",))

SECONDS = 1.0
ACTIONS = ("TerminateInstances", "StopInstances")


def _check_all() -> None:
    for name in records.group_names():
        groups.check_health(name)


def _followed_by_check(action: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def act(parameters: Any) -> Any:  # noqa: ANN401 - MiniStack's request and response
        response = action(parameters)
        after(SECONDS, _check_all)
        return response

    return act


def install() -> None:
    """Check the groups after every action that ends machines."""
    for name in ACTIONS:
        ec2._ACTION_MAP[name] = _followed_by_check(ec2._ACTION_MAP[name])
