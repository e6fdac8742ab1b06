"""Making things in the local cloud that several tests need."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_cloudformation.type_defs import StackTypeDef

    from cdk_app.sandbox.cloud import Cloud

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/all"
"""A role that may do everything."""


def make_role(
    cloud: Cloud,
    name: str,
    actions: Sequence[str],
    resource: str = "*",
    *,
    trusts: Sequence[str] = ("apigateway", "events", "lambda", "scheduler"),
) -> str:
    """Make a role that some services may assume to do some actions on a resource; return its ARN."""
    iam = cloud.client("iam")
    services = {"Service": [f"{service}.amazonaws.com" for service in trusts]}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": services}
    trusting = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement] if actions else []})
    iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=document)
    return str(role)


def make_function(
    cloud: Cloud,
    name: str,
    code: str,
    *,
    module: str = "index",
    variables: Mapping[str, str] | None = None,
    role: str = ROLE,
    timeout: int = 20,
) -> str:
    """Make a Python function whose module defines ``handler``; return its ARN."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        parts = module.split(".")
        for depth in range(1, len(parts)):
            file.writestr("/".join([*parts[:depth], "__init__.py"]), "")
        file.writestr("/".join(parts) + ".py", code)
    made = cloud.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler=f"{module}.handler",
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": dict(variables or {})},
        Timeout=timeout,
    )
    return made["FunctionArn"]


ADMITS_RULES = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": "*",
            }
        ],
    }
)
"""Policy of a queue that every rule may send to."""


def make_queue(cloud: Cloud, name: str, **attributes: str) -> tuple[str, str]:
    """Make a queue; return its URL and ARN."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]  # checked by the service
    return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def bodies(cloud: Cloud, url: str) -> list[Any]:
    """Take the visible messages of a queue and return their bodies, decoded."""
    sqs = cloud.client("sqs")
    taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in taken:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in taken]


class Stack:
    """A stack from a template of the given resources."""

    def __init__(self, cloud: Cloud, name: str, until: Callable[[Callable[[], Any]], Any]) -> None:
        self.name = name
        self._formation = cloud.client("cloudformation")
        self._until = until

    def create(self, resources: Mapping[str, Any], outputs: Mapping[str, Any] | None = None) -> None:
        """Create the stack and wait; raises AssertionError with the reason when it fails."""
        self._formation.create_stack(StackName=self.name, TemplateBody=_template(resources, outputs))
        self._settled("CREATE_COMPLETE")

    def update(self, resources: Mapping[str, Any], outputs: Mapping[str, Any] | None = None) -> None:
        """Update the stack and wait; raises AssertionError with the reason when it fails."""
        self._formation.update_stack(StackName=self.name, TemplateBody=_template(resources, outputs))
        self._settled("UPDATE_COMPLETE")

    def start_delete(self) -> None:
        """Begin to delete the stack."""
        self._formation.delete_stack(StackName=self.name)

    def delete(self) -> None:
        """Delete the stack and wait."""
        stack_id = self.id
        self.start_delete()
        self.deleted(stack_id)

    def deleted(self, stack_id: str) -> None:
        """Wait until a stack is deleted."""
        self._until(lambda: self.status(stack_id) == "DELETE_COMPLETE")

    def status(self, stack_id: str | None = None) -> str:
        """Return the stack's status."""
        return str(
            self._formation.describe_stacks(StackName=stack_id or self.name)["Stacks"][0]["StackStatus"]
        )

    @property
    def outputs(self) -> dict[str, str]:
        """Outputs by key."""
        return {o["OutputKey"]: o["OutputValue"] for o in self._stack().get("Outputs", [])}

    def physical_id(self, logical_id: str) -> str:
        """Return what ``Ref`` yields for a resource."""
        found = self._formation.describe_stack_resource(StackName=self.name, LogicalResourceId=logical_id)
        return found["StackResourceDetail"]["PhysicalResourceId"]

    @property
    def id(self) -> str:
        """ARN of the stack, by which it is found after its deletion as well."""
        return self._stack()["StackId"]

    def _stack(self) -> StackTypeDef:
        return self._formation.describe_stacks(StackName=self.name)["Stacks"][0]

    def _settled(self, wanted: str) -> None:
        status = self._until(lambda: None if self.status().endswith("_IN_PROGRESS") else self.status())
        assert status == wanted, self._reasons()

    def _reasons(self) -> Sequence[str]:
        events = self._formation.describe_stack_events(StackName=self.name)["StackEvents"]
        return [event.get("ResourceStatusReason", "") for event in events]


def _template(resources: Mapping[str, Any], outputs: Mapping[str, Any] | None) -> str:
    return json.dumps(
        {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in (outputs or {}).items()}}
    )
