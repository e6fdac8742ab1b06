"""AWS clients of boto3 that answer what a test has recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.stub import Stubber

from runtime.aws.groups import Groups

if TYPE_CHECKING:
    from collections.abc import Callable


def client(service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    return boto3.client(  # type: ignore[call-overload] # not a literal here
        service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


class Aws:
    """Stubbed clients by service name."""

    def __init__(self) -> None:
        self.clients = {
            name: client(name) for name in ("autoscaling", "ec2", "ssm", "secretsmanager", "dynamodb")
        }
        self.stubs = {name: Stubber(made) for name, made in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def __getitem__(self, name: str) -> Callable[[], Any]:
        return lambda: self.clients[name]

    def groups(self) -> Groups:
        return Groups(self.clients["autoscaling"], self.clients["ec2"])
