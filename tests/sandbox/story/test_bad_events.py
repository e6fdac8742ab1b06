"""What the API refuses goes to the rule's dead letters; what Deploy cannot do now is retried, then healed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import requests

from cdk_app.sandbox.demo.person import Person
from cdk_app.sandbox.demo.views import DeployView, GroupView
from cdk_app.sandbox.deploy_server.testing import RequestFault
from cdk_app.sandbox.running import STACK, RunningSandbox
from tests.sandbox.story.conftest import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def outputs(deployed: RunningSandbox) -> Mapping[str, str]:
    stack = deployed.cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def visible_messages(sandbox: RunningSandbox, url: str) -> int:
    attributes = sandbox.cloud.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def queue_arn(sandbox: RunningSandbox, url: str) -> str:
    attributes = sandbox.cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return attributes["Attributes"]["QueueArn"]


def post(sandbox: RunningSandbox, api: str, path: str, body: str, headers: Mapping[str, str]) -> int:
    """Post to the API, signed, and return the status."""
    url = f"{sandbox.cloud.endpoint}/restapis/{api}/v1/_user_request_{path}"
    request = botocore.awsrequest.AWSRequest("POST", url, data=body, headers=dict(headers))
    credentials = botocore.credentials.Credentials("test", "test")
    botocore.auth.SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
    return requests.post(url, data=body, headers=dict(request.headers), timeout=10).status_code


def event(**detail: Any) -> dict[str, Any]:  # noqa: ANN401  # members of an event
    return {
        "source": "aws.autoscaling",
        "detail-type": "EC2 Instance Launch Successful",
        "detail": {"AutoScalingGroupName": "web", **detail},
    }


@pytest.mark.parametrize(
    "body", ["", "not json", "[]", "{}", json.dumps(event(EC2InstanceId="i-1") | {"detail": {}})]
)
def test_a_malformed_body_is_refused(deployed: RunningSandbox, outputs: Mapping[str, str], body: str) -> None:
    path = f"/groups/{outputs['GroupKey']}/events"
    assert post(deployed, outputs["ApiId"], path, body, {"Content-Type": "application/json"}) == 400
    assert visible_messages(deployed, outputs["QueueUrl"]) == 0


def test_an_event_without_an_instance_ends_in_the_rules_dead_letters(
    deployed: RunningSandbox, outputs: Mapping[str, str]
) -> None:
    url = outputs["EventsDeadLetterQueueUrl"]
    assert visible_messages(deployed, url) == 0
    deployed.cloud.publish(
        "aws.autoscaling", "EC2 Instance Launch Successful", {"AutoScalingGroupName": "web"}
    )
    assert eventually(lambda: visible_messages(deployed, url) == 1)


def test_deploy_down_dead_letters_the_hint_and_the_schedule_heals(
    deployed: RunningSandbox, outputs: Mapping[str, str]
) -> None:
    cloud = deployed.cloud
    view = DeployView(Person(deployed.deploy.url, deployed.person.username, deployed.person.password))
    group = GroupView(cloud.client("autoscaling"), cloud.client("ec2"), outputs["GroupName"])
    directory = f"Infrastructure/aws/123456789012/us-east-1/{group.name}"

    # Two tries instead of the stack's five, whose growing pauses take minutes.
    redrive = {
        "deadLetterTargetArn": queue_arn(deployed, outputs["DeadLetterQueueUrl"]),
        "maxReceiveCount": 2,
    }
    cloud.client("sqs").set_queue_attributes(
        QueueUrl=outputs["QueueUrl"], Attributes={"RedrivePolicy": json.dumps(redrive)}
    )
    deployed.deploy.faults.add(RequestFault(status=503, text="maintenance", path="/deployit/", times=0))
    group.desire(1)
    assert eventually(lambda: visible_messages(deployed, outputs["DeadLetterQueueUrl"]) > 0, within=60)
    assert "InService" not in group.states().values()

    deployed.deploy.faults.clear()
    assert view.hosts(directory) == {}
    cloud.run_schedule(cloud.client("scheduler").list_schedules()["Schedules"][0]["Name"])
    assert eventually(lambda: group.in_service() == 1)
    (instance,) = group.states()
    assert list(view.hosts(directory)) == [f"{group.name}-{instance}"]
