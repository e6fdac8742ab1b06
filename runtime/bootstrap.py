"""Puts the parts together, once per container; clients are made when they are first needed.

What only one of the functions needs is imported where it is made: the other one starts sooner without it.
"""

from __future__ import annotations

import os
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from runtime.aws.groups import Groups
from runtime.aws.queue import Queue
from runtime.aws.registry import Registry
from runtime.aws.secrets import Secrets
from runtime.deploy.client import DeployClient
from runtime.deploy.transport import Credentials, Transport
from runtime.observability import Telemetry
from runtime.reconciliation.errors import Fatal
from runtime.settings import ReconcilerSettings, SeederSettings, ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime.reconciliation.ports import Clock, LedgerPort
    from runtime.reconciliation.reconciler import Reconciler
    from runtime.seeding.seeder import Seeder

_AWS = Config(
    retries={"mode": "adaptive", "max_attempts": 8}, connect_timeout=3, read_timeout=20, tcp_keepalive=True
)


@cache
def client(service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """Return the boto3 client of a service."""
    return boto3.client(service, config=_AWS)  # type: ignore[call-overload] # not a literal here


@cache
def telemetry() -> Telemetry:
    """Return the log lines and metrics of this function."""
    return Telemetry()


@cache
def secrets() -> Secrets:
    """Return the secrets, held for a short time."""
    return Secrets(lambda: client("secretsmanager"), lambda: client("ssm"))


@cache
def deploy() -> DeployClient:
    """Return the Deploy server that the environment names."""
    settings = ServerSettings.from_env(os.environ)
    return DeployClient(
        Transport(
            settings.url,
            _credentials(settings.credentials),
            verify=_trusted(settings.ca_bundle),
            proxy=settings.proxy,
        )
    )


@cache
def registry() -> Registry:
    """Return the groups that this reconciler looks after."""
    return Registry(lambda: client("ssm"), ReconcilerSettings.from_env(os.environ).groups_prefix)


@cache
def queue() -> Queue:
    """Return the queue of hints."""
    return Queue(lambda: client("sqs"), ReconcilerSettings.from_env(os.environ).queue_url)


@cache
def ledger() -> LedgerPort:
    """Return the ledger, or what stands in for it."""
    from runtime.aws.ledger import Ledger, NoLedger

    table = ReconcilerSettings.from_env(os.environ).ledger_table
    if table is None:
        return NoLedger()
    return Ledger(lambda: client("dynamodb"), table, time.time, telemetry())


@cache
def groups() -> Groups:
    """Return Auto Scaling and EC2."""
    return Groups(client("autoscaling"), client("ec2"))


def reconciler(clock: Clock) -> Reconciler:
    """Return the reconciler, for one invocation with its clock."""
    from runtime.reconciliation.reconciler import Reconciler

    return Reconciler(groups(), deploy(), secrets(), queue(), ledger(), clock, telemetry())


def seeder(remaining: Callable[[], float]) -> Seeder:
    """Return the seeder, for one invocation with the seconds that it still has."""
    from runtime.seeding.records import Records
    from runtime.seeding.seeder import Seeder
    from runtime.seeding.time_limit import TimeLimit

    prefix = SeederSettings.from_env(os.environ).records_prefix
    records = Records(lambda: client("ssm"), prefix)
    return Seeder(deploy(), secrets(), records, TimeLimit(remaining))


def _credentials(secret_id: str) -> Callable[[bool], Credentials]:
    def read(fresh: bool) -> Credentials:
        fields = secrets().fields(secret_id, fresh=fresh)
        if fields.get("token"):
            return Credentials("", fields["token"])
        if fields.get("username") and fields.get("password"):
            return Credentials(fields["username"], fields["password"])
        raise Fatal(f"secret {secret_id} holds neither username and password nor token")

    return read


def _trusted(source: str | None) -> Callable[[], bool | str]:
    """Return what tells what TLS trusts: the usual authorities, or the PEM in a parameter or a secret.

    Asked for each call, so that an authority may be added while a container lives: a new connection reads the
    file anew.
    """
    if source is None:
        return lambda: True
    is_secret = source.startswith("arn:") and ":secretsmanager:" in source
    path = Path(tempfile.gettempdir(), "deploy-ca.pem")
    written: list[str] = []

    def read() -> str:
        pem = secrets().secret(source) if is_secret else secrets().parameter(source)
        if written != [pem]:
            path.write_text(pem)
            written[:] = [pem]
        return str(path)

    return read
