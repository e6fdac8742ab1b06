"""Lifecycle hooks: what an instance waits for on its way in and on its way out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from aws_cdk import Duration
from aws_cdk import aws_autoscaling as autoscaling

__all__ = ["Gate"]

_SHORTEST_SECONDS = 360


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """No instance is in service before it is deployed to, and none is gone before it is undeployed.

    Parameters
    ----------
    heartbeat_timeout
        How long Auto Scaling waits without a sign of life from the reconciler, 6 minutes to 2 hours
        (- 30 minutes). Each reconcile renews it while there is work.
    on_failure
        What becomes of a new instance whose deployment failed, and of one that nobody spoke for in time:
        ``ABANDON`` replaces it, ``CONTINUE`` puts it into service without its applications.

    Raises
    ------
    ValueError
        If a value is not one that Auto Scaling accepts, or too short to be prolonged in time.
    """

    heartbeat_timeout: Duration = field(default_factory=lambda: Duration.minutes(30))
    on_failure: Literal["ABANDON", "CONTINUE"] = "ABANDON"

    def __post_init__(self) -> None:
        if self.heartbeat_timeout.is_unresolved():
            raise ValueError(
                "heartbeat_timeout: got a time that is known only at deployment, expected a fixed one; the "
                "reconciler counts with it"
            )
        seconds = self.heartbeat_timeout.to_seconds()
        if not _SHORTEST_SECONDS <= seconds <= 7200:
            raise ValueError(
                f"heartbeat_timeout: got {seconds:g} s, expected {_SHORTEST_SECONDS} to 7200 s; "
                "while Deploy is away, looks that prolong a wait can be five minutes apart"
            )
        if self.on_failure not in {"ABANDON", "CONTINUE"}:
            raise ValueError(f"on_failure: got {self.on_failure!r}, expected 'ABANDON' or 'CONTINUE'")

    @property
    def names(self) -> dict[str, str]:
        """Names of the hooks, as the reconciler is told them."""
        return {"launch": "deploy", "terminate": "undeploy"}

    def specifications(self) -> list[autoscaling.CfnAutoScalingGroup.LifecycleHookSpecificationProperty]:
        """Return the hooks as properties of a group, so that they exist before its first instance."""
        return [
            autoscaling.CfnAutoScalingGroup.LifecycleHookSpecificationProperty(
                lifecycle_hook_name=name,
                lifecycle_transition=transition,
                heartbeat_timeout=int(self.heartbeat_timeout.to_seconds()),
                default_result=result,
            )
            for name, transition, result in self.hooks()
        ]

    def hooks(self) -> list[tuple[str, str, str]]:
        """Return name, transition and default result of each hook."""
        return [
            (self.names["launch"], "autoscaling:EC2_INSTANCE_LAUNCHING", self.on_failure),
            # A machine that is on its way out goes, whether or not Deploy could be told.
            (self.names["terminate"], "autoscaling:EC2_INSTANCE_TERMINATING", "CONTINUE"),
        ]
