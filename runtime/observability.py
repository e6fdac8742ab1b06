"""Structured log lines and metrics (CloudWatch Embedded Metric Format).

Namespace and service come from ``POWERTOOLS_METRICS_NAMESPACE`` and ``POWERTOOLS_SERVICE_NAME``; the only
dimension is ``service``, the unit ``Count``. Alarms refer to these names, and only to them (``!``: any value
above zero needs a person):

==================== =================================================================
BreakersOpen !       looks that found a circuit breaker open
DeploymentsFailed    tasks of ours that did not reach their end
DeploymentsSucceeded tasks of ours that were executed
EnvironmentsMissing ! looks that found no environment
FatalErrors !        runs that a person must help (credentials, licence, certificate)
GroupsMissing !      looks to which AWS said that there is no such group
HintsSuperseded      runs without work, a later look than their hints being complete
HooksExpired !       waits of instances that AWS ended before we did
HostsDrifted         hosts that differ from their template (operator's hint only)
HostsRegistered      hosts created
HostsRemoved         hosts deleted
HostsRenamed         instances left alone because a person has renamed their host
InstancesAbandoned   instances given up after a failed deployment, or interrupted before they served
InstancesInterrupted instances taken out before Auto Scaling did, because EC2 takes them back
InstancesReleased    instances whose wait was ended with CONTINUE
LedgerFailures       reads and writes of the ledger that failed
LocksAwaited         times that a task of ours found Deploy's lock taken
Reconciliations      runs
RemovalsHeld !       looks after which removals were held back
RunsFailed           runs that ended with an error and will be repeated
ScheduleRepairs !    runs by schedule that found something to do
TasksAwaited         looks that found somebody else's task on the environment
==================== =================================================================
"""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

ALARMING = (
    "BreakersOpen",
    "EnvironmentsMissing",
    "FatalErrors",
    "GroupsMissing",
    "HooksExpired",
    "RemovalsHeld",
    "ScheduleRepairs",
)
"""Metrics any value of which above zero needs a person's attention."""

METRICS = (
    *ALARMING,
    "DeploymentsFailed",
    "DeploymentsSucceeded",
    "HintsSuperseded",
    "HostsDrifted",
    "HostsRegistered",
    "HostsRemoved",
    "HostsRenamed",
    "InstancesAbandoned",
    "InstancesInterrupted",
    "InstancesReleased",
    "LedgerFailures",
    "LocksAwaited",
    "Reconciliations",
    "RunsFailed",
    "TasksAwaited",
)
"""Every metric there is."""


class Telemetry:
    """Log lines and metrics of one function.

    Parameters
    ----------
    logger, metrics
        Powertools objects, configured by the environment.
    """

    def __init__(self, logger: Logger | None = None, metrics: Metrics | None = None) -> None:
        self._logger = logger or Logger()
        self._metrics = metrics or Metrics()
        self._pending = False

    def about(self, **fields: object) -> None:
        """Put fields into every line from now on, instead of those given before."""
        self._logger.thread_safe_clear_keys()
        self._logger.thread_safe_append_keys(**fields)

    def line(self, message: str, **fields: object) -> None:
        """Write one line."""
        self._logger.info(message, extra=dict(fields), stacklevel=3)

    def warn(self, message: str, **fields: object) -> None:
        """Write one line that somebody should read."""
        self._logger.warning(message, extra=dict(fields), stacklevel=3)

    def count(self, metric: str, value: float = 1) -> None:
        """Add to a metric."""
        self._metrics.add_metric(name=metric, unit=MetricUnit.Count, value=value)
        self._pending = True

    def flush(self) -> None:
        """Write the metrics collected since the last time."""
        if self._pending:
            self._metrics.flush_metrics()
            self._pending = False
