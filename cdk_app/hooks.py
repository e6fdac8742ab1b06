"""Lifecycle hooks of a group that exists already; those of a new one are its own properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_autoscaling as autoscaling
from constructs import Construct

if TYPE_CHECKING:
    from cdk_app.gate import Gate

__all__ = ["LifecycleHooks"]


class LifecycleHooks(Construct):
    """Hooks for launch and termination.

    Parameters
    ----------
    group_name
        Name of the group.
    gate
        What the hooks are like.
    """

    def __init__(self, scope: Construct, construct_id: str, *, group_name: str, gate: Gate) -> None:
        super().__init__(scope, construct_id)
        for name, transition, result in gate.hooks():
            autoscaling.CfnLifecycleHook(
                self,
                name,
                auto_scaling_group_name=group_name,
                lifecycle_hook_name=name,
                lifecycle_transition=transition,
                heartbeat_timeout=gate.heartbeat_timeout.to_seconds(),
                default_result=result,
            )
